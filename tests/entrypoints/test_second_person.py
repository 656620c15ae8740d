"""A ban that would hit many earlier uploads waits for a second person, whichever door it comes through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from moderation import api
from moderation.domain.fingerprints import format_code
from moderation.exceptions import NeedsConfirmation
from moderation.models import BanDraft, BannedImage, Blocklist, BlocklistChange, Decision, Upload
from moderation.services.blocklists import imports
from moderation.services.blocklists.enrolment import picture_from_bytes
from tests.entrypoints.commands import run
from tests.entrypoints.desk import at_the_desk, colleague, held_upload, public_upload, screened
from tests.pictures import encode, scene

pytestmark = pytest.mark.django_db
PICTURE = encode(scene(4))


@pytest.fixture(autouse=True)
def _two_want_more_than_one_hit(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "CONFIRM_REACH": 1}


@pytest.fixture
def public() -> list[Upload]:
    """Upload three copies of one picture."""
    return [public_upload(4, who=f"fan{number}") for number in range(3)]


def _waiting() -> BanDraft:
    return BanDraft.objects.get(status="waiting")


def _confirm(draft: BanDraft, client: Client) -> None:
    client.post(reverse("admin:moderation_ban_draft", args=[draft.pk]), {"action": "confirm"})


def test_a_host_is_given_the_draft(public: list[Upload]) -> None:
    asking = colleague("moderator", "asking")

    result = api.ban(PICTURE, actor=asking, note="seen often")

    assert (result.created, result.waiting) == (False, _waiting())
    assert result.reach is not None
    assert result.reach.block == 3
    with pytest.raises(NeedsConfirmation):
        _ = result.banned
    assert not BannedImage.objects.exists()


def test_a_second_person_makes_the_ban_of_a_host(public: list[Upload]) -> None:
    asking = colleague("moderator", "asking")
    draft = api.ban(PICTURE, actor=asking, reason="spam").waiting
    assert draft is not None

    _confirm(draft, at_the_desk("moderator", "asking"))
    assert not BannedImage.objects.exists()
    _confirm(draft, at_the_desk("moderator", "second"))

    entry = BannedImage.objects.get()
    second = colleague("moderator", "second")
    assert (entry.reason, entry.created_by) == ("spam", str(second.pk))
    assert BlocklistChange.objects.get(kind="ban").detail["asked_by"] == str(asking.pk)


def test_asking_twice_is_asking_once(public: list[Upload]) -> None:
    first = api.ban(PICTURE).waiting

    again = api.ban(PICTURE, reason="again").waiting

    assert again == first == _waiting()


def test_what_is_on_the_list_already_needs_nobody(public: list[Upload], settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "CONFIRM_REACH": 100}
    banned = api.ban(PICTURE).banned
    settings.MODERATION = {**settings.MODERATION, "CONFIRM_REACH": 1}

    again = api.ban(PICTURE)

    assert (again.banned, again.created, BanDraft.objects.exists()) == (banned, False, False)


def test_the_command_exits_1_and_says_so(public: list[Upload], tmp_path: Path) -> None:
    path = tmp_path / "meme.jpg"
    path.write_bytes(PICTURE)

    outcome = run("ban", path)

    line = outcome.line
    assert (outcome.status, line["ok"], line["error"]) == (1, False, "needs_confirmation")
    assert (line["banned"], line["created"], line["reach"]["block"]) == (None, False, 3)
    assert _waiting().created_by == ""
    _confirm(_waiting(), at_the_desk("moderator"))
    assert BannedImage.objects.get().label == "meme.jpg"


def _banned_from_the_queue(client: Client) -> tuple[Upload, Any]:
    """Reject one of three copies that another list holds, and ban it on the default list."""
    held, *_ = held_upload(4, "ada"), screened(PICTURE, who="bob"), screened(PICTURE, who="cleo")
    url = reverse("admin:moderation_review_decide", args=[held.pk])
    fields = {"action": "ban", "blocklist": Blocklist.objects.get(slug="default").pk}
    answer = client.post(url, fields, headers={"X-Requested-With": "fetch"}).json()
    held.refresh_from_db()
    return held, answer


def test_the_queue_has_rejected_already_and_says_so() -> None:
    upload, answer = _banned_from_the_queue(at_the_desk("moderator", "first"))

    assert answer["ok"]
    assert answer["message"].startswith("Rejected. The ban would hit many earlier uploads: it waits")
    assert (upload.status, upload.by_person) == ("rejected", True)
    assert _waiting().upload == upload
    _confirm(_waiting(), at_the_desk("moderator", "second"))
    assert BannedImage.objects.filter(blocklist__slug="default").count() == 1


def test_undoing_the_rejection_drops_the_ban_that_waits() -> None:
    moderator = at_the_desk("moderator")
    upload, _ = _banned_from_the_queue(moderator)
    assert _waiting().upload == upload

    moderator.post(reverse("admin:moderation_review_undo"))

    upload.refresh_from_db()
    assert upload.status == "held"
    assert not BanDraft.objects.filter(status="waiting").exists()
    assert Decision.objects.filter(kind="undo").exists()


def test_the_page_has_rejected_already_and_says_so(public: list[Upload]) -> None:
    moderator = at_the_desk("moderator")
    fields = {
        "blocklist": Blocklist.objects.get(slug="default").pk,
        "uploads": [public[0].pk],
        "reject_too": "on",
    }
    moderator.post(reverse("admin:moderation_bannedimage_add"), fields)
    batch = BanDraft.objects.get().batch

    page = moderator.post(reverse("admin:moderation_ban_reach", args=[batch]), follow=True)

    (said,) = [str(message) for message in page.context["messages"]]
    assert said.endswith("the ban waits for a second moderator now. The upload is rejected already.")
    public[0].refresh_from_db()
    assert public[0].status == "rejected"
    assert not BannedImage.objects.exists()


def test_a_hash_waits_as_well(public: list[Upload]) -> None:
    code = picture_from_bytes(PICTURE).analysis.enrolment[0]
    moderator = at_the_desk("moderator", "first")
    fields = {
        "blocklist": Blocklist.objects.get(slug="default").pk,
        "algorithm": code.algorithm.partition("/")[0],
        "hashes": format_code(code.bits),
    }
    moderator.post(reverse("admin:moderation_bannedimage_add"), fields)
    moderator.post(reverse("admin:moderation_ban_reach", args=[BanDraft.objects.get().batch]))

    assert not BannedImage.objects.exists()
    _confirm(_waiting(), at_the_desk("moderator", "second"))
    assert BannedImage.objects.get().source == f"hash:{code.algorithm}"


@pytest.fixture
def hashes(tmp_path: Path) -> Path:
    """Write the hashes of the picture, and of others, to a file."""
    lines = []
    for seed in (30, 31, 4, 32):
        code = picture_from_bytes(encode(scene(seed))).analysis.enrolment[0]
        lines.append(f"{code.algorithm.partition('/')[0]},{format_code(code.bits)}")
    path = tmp_path / "hashes.csv"
    path.write_text("algorithm,hash\n" + "\n".join(lines) + "\n")
    return path


def test_an_import_stops_before_the_batch_that_hits_many(public: list[Upload], hashes: Path) -> None:
    outcome = run("import_hashes", hashes, "--batch", 2)

    line = outcome.line
    assert (outcome.status, line["error"]) == (1, "needs_confirmation")
    assert (line["imported"], line["waits_after"], line["reach"]) == (2, 3, 3)
    assert BannedImage.objects.count() == 2
    confirmed = run("import_hashes", hashes, "--batch", 2, "--confirmed")
    assert (confirmed.status, confirmed.line["imported"]) == (0, 2)
    assert confirmed.line["after_line"] == 3


def test_an_import_of_all_or_nothing_does_nothing(public: list[Upload], hashes: Path) -> None:
    outcome = run("import_hashes", hashes, "--batch", 2, "--atomic")

    assert (outcome.status, outcome.line["error"], outcome.line["imported"]) == (1, "needs_confirmation", 0)
    assert not BannedImage.objects.exists()
    assert run("import_hashes", hashes, "--atomic", "--confirmed").line["imported"] == 4


def test_an_import_looks_at_a_sample_of_a_batch(
    public: list[Upload], hashes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "LINES_IN_SAMPLE", 2)

    line = run("import_hashes", hashes).line

    # The first and the third line; the picture's is the third, and stands for two.
    assert (line["error"], line["reach"]) == ("needs_confirmation", 6)


def test_an_import_that_decides_nothing_waits_for_nobody(public: list[Upload], hashes: Path) -> None:
    Blocklist.objects.create(slug="watch", name="Watch", action="monitor")

    assert run("import_hashes", hashes, "--blocklist", "watch").line["imported"] == 4


def test_few_hits_need_nobody() -> None:
    public_upload(4)

    result = api.ban(PICTURE)

    assert result.created
    assert screened(encode(scene(4), quality=50), who="late").status == "rejected"
