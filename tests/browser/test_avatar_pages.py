"""What a member sees and does, in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session

from moderation import api
from moderation.models import Blocklist, Upload
from moderation.services.uploads import screening
from tests import pictures
from tests.browser.conftest import SignIn
from tests.entrypoints.visitors import ASLEEP, PASSWORD, member, send

PICTURE = pictures.encode(pictures.scene(1))
BANNED = pictures.encode(pictures.scene(7))


@pytest.fixture
def asleep(settings: Any) -> None:
    settings.MODERATION = {**django_settings.MODERATION, "DISPATCHER": ASLEEP}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(PICTURE)
    return path


def _panel(page: Any) -> Any:
    return page.get_by_role("region", name="Your picture")


def _verdict() -> str | None:
    return screening.screen(upload_id=Upload.objects.get().pk)


def test_a_new_member_joins_and_shows_a_face(visit: SignIn, file: Path) -> None:
    page = visit()
    page.goto("/")
    page.get_by_role("navigation").get_by_role("link", name="Join").click()
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password", exact=True).fill("engine-of-1843")
    page.get_by_label("Password again").fill("engine-of-1843")
    page.get_by_role("main").get_by_role("button", name="Join").click()
    page.get_by_label("New picture").set_input_files(file)
    page.get_by_label("Display name").fill("Ada Lovelace")
    page.get_by_role("button", name="Save").click()

    page.get_by_text("Your picture is live").wait_for()
    picture = _panel(page).get_by_role("img", name="Ada Lovelace")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")


def test_a_chosen_picture_is_shown_before_it_is_sent(visit: SignIn, file: Path) -> None:
    member()
    page = visit("ada")

    page.get_by_label("New picture").set_input_files(file)

    page.get_by_role("img", name="The picture that you chose").wait_for()
    assert page.get_by_text("holiday.jpg").is_visible()
    assert not Upload.objects.exists()


def test_a_file_that_is_too_large_is_not_even_sent(visit: SignIn, file: Path, settings: Any) -> None:
    settings.MODERATION = {**django_settings.MODERATION, "MAX_BYTES": 10_000}
    member()
    page = visit("ada")

    page.get_by_label("New picture").set_input_files(file)

    page.get_by_text("holiday.jpg is too large").wait_for()
    assert page.get_by_role("button", name="Save").is_disabled()


def test_a_picture_can_be_dropped(visit: SignIn) -> None:
    member()
    page = visit("ada")
    dropped = page.evaluate_handle(
        """async () => {
            const canvas = Object.assign(document.createElement("canvas"), {width: 40, height: 40});
            canvas.getContext("2d").fillRect(5, 5, 20, 20);
            const blob = await new Promise(done => canvas.toBlob(done, "image/png"));
            const data = new DataTransfer();
            data.items.add(new File([blob], "dropped.png", {type: "image/png"}));
            return data;
        }"""
    )

    page.dispatch_event("[data-drop]", "drop", {"dataTransfer": dropped})

    page.get_by_text("dropped.png").wait_for()
    assert page.get_by_label("New picture").evaluate("input => input.files.length") == 1


@pytest.mark.parametrize(
    ("ban", "words"), [(False, "Your picture is live"), (True, "picture was turned down")]
)
def test_the_page_updates_itself_when_the_verdict_comes(
    visit: SignIn, asleep: None, ban: bool, words: str
) -> None:
    ada = member()
    send(ada, PICTURE)
    page = visit("ada")
    _panel(page).get_by_text("Checking your new picture").wait_for()
    page.get_by_label("About").fill("Typed while waiting")
    if ban:
        api.ban(PICTURE)

    _verdict()

    _panel(page).get_by_text(words).wait_for()
    assert page.get_by_label("About").input_value() == "Typed while waiting"
    assert _panel(page).get_by_role("link", name="Ask for a review").count() == ban


def test_without_javascript_a_reload_does_it(visit: SignIn, asleep: None) -> None:
    send(member(), PICTURE)
    page = visit("ada", java_script_enabled=False)
    page.get_by_text("Reload this page to see the answer").wait_for()

    _verdict()
    page.reload()

    page.get_by_text("Your picture is live").wait_for()


def test_without_javascript_the_form_works(visit: SignIn, file: Path) -> None:
    member()
    page = visit("ada", java_script_enabled=False)

    page.get_by_label("New picture").set_input_files(file)
    page.get_by_role("button", name="Save").click()

    page.get_by_text("Your picture is live").wait_for()


def test_turned_down_with_a_reason_and_a_way_to_object(visit: SignIn, tmp_path: Path) -> None:
    Blocklist.objects.filter(slug="default").update(policy_text="No advertising in pictures of members.")
    api.ban(BANNED)
    (tmp_path / "copy.jpg").write_bytes(BANNED)
    member()
    page = visit("ada")
    page.get_by_label("About").fill("I wrote a lot here.")
    page.get_by_label("New picture").set_input_files(tmp_path / "copy.jpg")
    page.get_by_role("button", name="Save").click()

    alert = page.get_by_role("alert")
    alert.get_by_text("No advertising in pictures of members.").wait_for()
    assert page.get_by_label("About").input_value() == "I wrote a lot here."
    alert.get_by_role("link", name="Ask for a review").click()
    page.get_by_label("Why do you think the decision is wrong?").fill("It is my own shop's cat.")
    page.get_by_role("button", name="Send").click()

    page.get_by_text("A moderator will look at it again").wait_for()
    assert api.status_of(member(), "avatar").appeal == "open"  # type: ignore[union-attr]


def test_the_form_can_be_filled_in_with_the_keyboard(visit: SignIn) -> None:
    member()
    page = visit("ada")
    page.get_by_label("Display name").focus()

    page.keyboard.type("Ada")
    page.keyboard.press("Tab")
    page.keyboard.type("By keyboard.")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    page.get_by_text("Saved.").wait_for()
    assert (member().display_name, member().about) == ("Ada", "By keyboard.")


def test_an_expired_session_keeps_what_a_member_typed_and_the_file(visit: SignIn, file: Path) -> None:
    member()
    page = visit("ada")
    page.get_by_label("About").fill("A long text")
    page.get_by_label("New picture").set_input_files(file)
    Session.objects.all().delete()

    page.get_by_role("button", name="Save").click()

    page.get_by_role("alert").get_by_text("You are signed out.").wait_for()
    assert page.get_by_label("About").input_value() == "A long text"
    with page.context.expect_page() as opened:
        page.get_by_role("alert").get_by_role("link", name="sign in").click()
    other = opened.value
    other.get_by_label("Username").fill("ada")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("main").get_by_role("button", name="Sign in").click()
    other.wait_for_url("**/me/")
    other.close()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Your picture is live").wait_for()
    assert page.get_by_label("About").input_value() == "A long text"
    assert page.get_by_role("alert").count() == 0
