"""A moderator's whole day, in a real browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from PIL import ImageOps

from moderation.models import BannedImage, Decision, Upload
from moderation.services.desk import review
from tests.browser.conftest import SignIn
from tests.entrypoints.desk import colleague, holding_list
from tests.entrypoints.visitors import PASSWORD, member
from tests.pictures import encode, scene
from tests.services.people import send


def _staff(role: str, name: str) -> User:
    user = colleague(role, name)
    user.set_password(PASSWORD)
    user.save()
    return user


def _status(upload: Upload) -> str:
    upload.refresh_from_db()
    return upload.status


def _say_yes(page: Any, name: str) -> None:
    # The form asks whether the session has expired before it is sent.
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).first.click()
    page.wait_for_load_state("networkidle")


@pytest.mark.slow
def test_ban_review_appeal_overturn_and_read_it_all(visit: SignIn, tmp_path: Path) -> None:
    _staff("moderator", "mona")
    _staff("senior", "sven")
    _staff("senior", "sara")
    bad = scene(4)
    first = send(encode(bad), who=member("vera"))
    second = send(encode(bad, quality=45), who=member("walt"))
    assert (first.status, second.status) == ("approved", "approved")

    # Ban an uploaded avatar after seeing its reach; the rescan takes the other user's copy down.
    desk = visit("mona")
    desk.goto("/admin/moderation/upload/")
    desk.get_by_role("row", name=first.reference).get_by_role("checkbox").check()
    desk.get_by_role("combobox", name="Action").select_option(label="Ban these images")
    desk.get_by_role("button", name="Go", exact=True).click()
    desk.get_by_label("Reason").fill("stolen picture")
    _say_yes(desk, "Show what it would reach")
    assert desk.locator(".mod-n-block").inner_text() == "2"
    assert desk.get_by_text(second.reference).is_visible()
    assert not BannedImage.objects.exists()
    _say_yes(desk, "Ban it")
    assert "Banned image #" in desk.locator("h1").inner_text()
    banned = BannedImage.objects.get()
    assert (_status(first), _status(second)) == ("rejected", "rejected")

    # A bordered copy is rejected by the machine; copies on a list that holds arrive in the queue.
    bordered = send(encode(ImageOps.expand(bad, 24, "white")), who=member("xena"))
    assert bordered.status == "rejected"
    holding_list()
    from moderation import api

    for seed in (5, 6, 7):
        api.ban(encode(scene(seed)), blocklist="hold")
    held = [send(encode(scene(seed), quality=50), who=member("yuri")) for seed in (5, 6, 7)]
    assert [upload.status for upload in held] == ["held"] * 3

    # Decide with the keyboard.
    desk.goto("/admin/moderation/upload/review/")
    _say_yes(desk, "Review one by one")
    title = desk.locator(".mod-item h2")
    title.filter(has_text=held[0].reference).wait_for()
    blurred = "() => getComputedStyle(document.querySelector('.mod-pair img')).filter"
    assert "blur" in desk.evaluate(blurred)
    desk.keyboard.press("v")
    desk.locator("body.mod-unveiled").wait_for()
    desk.keyboard.press("a")
    title.filter(has_text=held[1].reference).wait_for()
    assert _status(held[0]) == "approved"
    assert "blur" in desk.evaluate(blurred), "the next one is veiled again"
    desk.keyboard.press("r")
    title.filter(has_text=held[2].reference).wait_for()
    assert _status(held[1]) == "rejected"
    desk.keyboard.press("z")
    title.filter(has_text=held[1].reference).wait_for()
    assert _status(held[1]) == "held"
    desk.get_by_label("Note", exact=True).fill("a r b")
    assert _status(held[1]) == "held", "letters in a note are no keys"

    # An appeal is answered by another moderator, and the ban is overturned.
    review.ask_for_review(upload=Upload.objects.get(pk=second.pk), text="I drew this myself.")
    senior = visit("sven")
    senior.goto("/admin/moderation/appeal/")
    senior.get_by_role("link", name=second.reference).first.click()
    assert senior.get_by_text("I drew this myself.").is_visible()
    _say_yes(senior, "Grant: publish it")
    assert _status(second) == "approved"
    assert "This was wrong" in senior.locator("h1").inner_text()
    _say_yes(senior, "Do all of this")
    assert _status(bordered) == "approved"
    assert senior.get_by_text("sven has asked to let pictures pass").is_visible()
    senior.goto("/admin/moderation/bannedimage/waiting/")
    assert senior.get_by_role("button", name="Confirm", exact=True).count() == 0
    assert BannedImage.objects.filter(pk=banned.pk, retired_revision__isnull=True).exists()

    # A second person confirms that the entry goes.
    other = visit("sara")
    other.goto("/admin/moderation/bannedimage/waiting/")
    _say_yes(other, "Confirm")
    banned.refresh_from_db()
    assert not banned.active

    # The avatar is back, and all of it is in the log.
    member_page = visit()
    member_page.goto("/")
    assert member_page.locator("img").count() >= 2
    senior.goto(f"/admin/moderation/screening/?banned={banned.pk}")
    log = senior.locator(".mod-rows").inner_text()
    for word in ("ban", "retire", "restore", "block"):
        assert word in log
    with senior.expect_download() as download:
        senior.get_by_role("link", name="JSON lines").click()
    target = tmp_path / "audit.jsonl"
    download.value.save_as(target)
    outcomes = {json.loads(line)["outcome"] for line in target.read_text().splitlines()}
    assert {"ban", "retire", "restore", "block"} <= outcomes
    assert Decision.objects.filter(kind="undo").count() == 1


def test_files_are_dropped_and_pasted(visit: SignIn) -> None:
    _staff("moderator", "mona")
    desk = visit("mona")
    desk.goto("/admin/moderation/bannedimage/add/")
    give = """([kind, data]) => {
      const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], `${kind}.jpg`, {type: "image/jpeg"}));
      const event = kind === "drop"
        ? new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true})
        : new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true, cancelable: true});
      document.querySelector("[data-drop]").dispatchEvent(event);
    }"""
    import base64

    for kind, seed in (("drop", 1), ("paste", 2)):
        desk.evaluate(give, [kind, base64.b64encode(encode(scene(seed))).decode()])
    assert desk.locator("[data-files] li").count() == 2
    _say_yes(desk, "Show what it would reach")
    assert desk.locator(".mod-reach").count() == 2
    _say_yes(desk, "Ban all 2")
    assert BannedImage.objects.count() == 2
