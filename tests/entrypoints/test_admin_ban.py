"""Banning from the desk: files, hashes, uploads; first the reach, then the ban."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from moderation import storage
from moderation.domain.fingerprints import format_code
from moderation.models import BanDraft, BannedImage, Blocklist, Decision, Upload
from moderation.services.blocklists.enrolment import picture_from_bytes
from tests.entrypoints.desk import at_the_desk, ban, public_upload, second_confirms
from tests.pictures import encode, flat, scene

pytestmark = pytest.mark.django_db
ADD = "admin:moderation_bannedimage_add"


def _list(slug: str = "default") -> int:
    return Blocklist.objects.get(slug=slug).pk


def _file(data: bytes, name: str = "a.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def _put_in(client: Client, **fields: Any) -> Any:
    return client.post(reverse(ADD), {"blocklist": _list(), **fields}, follow=True)


def _drafts() -> list[BanDraft]:
    return list(BanDraft.objects.order_by("pk"))


def _confirm(client: Client) -> Any:
    return client.post(reverse("admin:moderation_ban_reach", args=[_drafts()[0].batch]), follow=True)


def test_files_are_banned_after_their_reach_was_shown() -> None:
    moderator = at_the_desk("moderator")
    public = public_upload(4)
    page = _put_in(moderator, pictures=[_file(encode(scene(4), quality=40)), _file(encode(scene(5)))])
    assert not BannedImage.objects.exists()
    assert [card["reach"].block for card in page.context["cards"]] == [1, 0]
    assert public.reference in page.content.decode()
    _confirm(moderator)
    assert BannedImage.objects.count() == 2
    assert Decision.objects.filter(kind="ban").count() == 2


def test_every_bad_file_gets_its_sentence() -> None:
    moderator = at_the_desk("moderator")
    bad = {
        "empty.jpg": b"",
        "text.jpg": b"hello",
        "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "cut.jpg": encode(scene(1))[:900],
        "paper.pdf": b"%PDF-1.7\n",
    }
    page = _put_in(moderator, pictures=[_file(data, name) for name, data in bad.items()])
    assert page.status_code == 400
    said = [str(message) for message in page.context["messages"]]
    assert len(said) == len(bad)
    for name in bad:
        assert any(name in sentence for sentence in said), name
    assert not BanDraft.objects.exists()


def test_a_good_file_among_bad_ones_goes_on() -> None:
    page = _put_in(at_the_desk("moderator"), pictures=[_file(b"no"), _file(encode(scene(1)))])
    assert page.status_code == 200
    assert len(page.context["cards"]) == 1
    assert len(list(page.context["messages"])) == 1


def test_a_file_name_is_not_markup() -> None:
    page = _put_in(at_the_desk("moderator"), pictures=[_file(b"no", "<script>alert(1)</script>.jpg")])
    assert b"<script>alert(1)" not in page.content


def test_a_flat_picture_is_explained_and_offered_as_an_exact_copy() -> None:
    moderator = at_the_desk("moderator")
    page = _put_in(moderator, pictures=[_file(encode(flat()))])
    assert "flat" in page.content.decode()
    _confirm(moderator)
    assert not BannedImage.objects.exists()
    draft = _drafts()[0]
    moderator.post(reverse("admin:moderation_ban_draft", args=[draft.pk]), {"action": "exact"})
    _confirm(moderator)
    assert BannedImage.objects.get().exact_only


def test_an_upload_is_banned_and_rejected() -> None:
    moderator, upload = at_the_desk("moderator"), public_upload(4)
    _put_in(moderator, uploads=[upload.pk], reject_too="on", note="seen it before")
    _confirm(moderator)
    upload.refresh_from_db()
    assert (upload.status, upload.by_person) == ("rejected", True)
    banned = BannedImage.objects.get()
    assert banned.source == f"upload:{upload.reference}"
    assert Decision.objects.get(kind="ban").upload_id == upload.pk


def test_the_action_of_the_list_leads_to_the_page() -> None:
    moderator, upload = at_the_desk("moderator"), public_upload(4)
    url = reverse("admin:moderation_upload_changelist")
    answer = moderator.post(url, {"action": "ban_these", "_selected_action": [upload.pk]})
    assert answer["Location"].endswith(f"?uploads={upload.pk}")
    assert upload.reference in moderator.get(answer["Location"]).content.decode()


def test_a_hash_is_banned() -> None:
    public_upload(4)
    code = picture_from_bytes(encode(scene(4))).analysis.enrolment[0]
    moderator = at_the_desk("moderator")
    name = code.algorithm.partition("/")[0]
    page = _put_in(moderator, algorithm=name, hashes=f"  0x{format_code(code.bits)}\n")
    assert page.context["cards"][0]["reach"].block == 1
    _confirm(moderator)
    banned = BannedImage.objects.get()
    assert (banned.evidence, banned.sha256) == ("", None)
    _put_in(moderator, algorithm=name, hashes=format_code(code.bits))
    moderator.post(reverse("admin:moderation_ban_reach", args=[_drafts()[1].batch]))
    assert BannedImage.objects.count() == 1
    assert Decision.objects.filter(kind="already_banned").count() == 1


def test_a_wrong_hash_is_named_by_its_line() -> None:
    page = _put_in(at_the_desk("moderator"), algorithm="dhash256", hashes="\nabc")
    assert page.status_code == 400
    assert "Line 2" in str(page.context["form"].errors["hashes"])


def test_the_hash_of_a_flat_picture_is_not_banned() -> None:
    page = _put_in(at_the_desk("moderator"), algorithm="dhash256", hashes="f" * 64)

    assert "Line 1: The hash is constant" in str(page.context["form"].errors["hashes"])
    assert not BannedImage.objects.exists()


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, "__all__"),
        ({"hashes": "ab", "expires_at": "2001-01-01T10:00"}, "expires_at"),
        ({"hashes": "ab", "radii_dhash256_block": "9", "radii_dhash256_hold": "5"}, "radii"),
        ({"hashes": "ab", "radii_dhash256_block": "x", "radii_dhash256_hold": "5"}, "radii"),
        ({"hashes": "ab", "radii_dhash256_hold": "300"}, "radii"),
        ({"hashes": "ab", "blocklist": "99999"}, "blocklist"),
        ({"uploads": ["99999"]}, "uploads"),
        ({"uploads": ["x"]}, "uploads"),
    ],
)
def test_wrong_input_is_said_beside_the_field(fields: dict[str, str], wrong: str) -> None:
    page = _put_in(at_the_desk("moderator"), **fields)
    assert page.status_code == 400
    assert wrong in page.context["form"].errors


def test_the_same_picture_again_names_the_entry() -> None:
    banned = ban(1)
    moderator = at_the_desk("moderator")
    _put_in(moderator, pictures=[_file(encode(scene(1)))])
    page = _confirm(moderator)
    assert BannedImage.objects.count() == 1
    assert page.redirect_chain[-1][0] == reverse("admin:moderation_bannedimage_change", args=[banned.pk])


def test_a_ban_with_much_reach_needs_a_second_moderator(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "CONFIRM_REACH": 1}
    for number in range(3):
        public_upload(4, who=f"fan{number}")
    first = at_the_desk("moderator", "first")
    _put_in(first, pictures=[_file(encode(scene(4)))])
    _confirm(first)
    draft = _drafts()[0]
    assert draft.status == "waiting"
    confirm = reverse("admin:moderation_ban_draft", args=[draft.pk])
    first.post(confirm, {"action": "confirm"})
    assert not BannedImage.objects.exists()
    second = at_the_desk("moderator", "second")
    assert second.get(reverse("admin:moderation_ban_waiting")).context["cards"]
    second.post(confirm, {"action": "confirm"})
    assert BannedImage.objects.count() == 1
    second.post(confirm, {"action": "confirm"})
    assert BannedImage.objects.count() == 1


def test_the_files_of_a_draft_go_with_it(django_capture_on_commit_callbacks: Any) -> None:
    moderator = at_the_desk("moderator")
    _put_in(moderator, pictures=[_file(encode(scene(1)))])
    draft = _drafts()[0]
    names = [draft.file, draft.picture]
    assert all(storage.quarantine().exists(name) for name in names)
    with django_capture_on_commit_callbacks(execute=True):
        moderator.post(reverse("admin:moderation_ban_draft", args=[draft.pk]), {"action": "drop"})
    assert not any(storage.quarantine().exists(name) for name in names)
    assert not BannedImage.objects.exists()


def test_entries_are_retired_and_banned_again() -> None:
    banned, senior = ban(1), at_the_desk("senior")
    senior.post(reverse("admin:moderation_ban_retire", args=[banned.pk]), {"note": "a mistake"})
    assert BannedImage.objects.get(pk=banned.pk).active
    second_confirms()
    banned.refresh_from_db()
    assert not banned.active
    senior.post(reverse("admin:moderation_ban_again", args=[banned.pk]))
    again = BannedImage.objects.active().get()
    assert again.pk != banned.pk
    assert again.fingerprints.count() == banned.fingerprints.count()
    assert again.evidence not in ("", banned.evidence)


def test_settings_of_an_entry_are_changed_with_a_revision() -> None:
    banned, senior = ban(1), at_the_desk("senior")
    url = reverse("admin:moderation_ban_settings", args=[banned.pk])
    senior.post(url, {"suspended": "on", "radii_dhash256_hold": "12", "note": "too many"})
    assert not BannedImage.objects.get(pk=banned.pk).suspended
    second_confirms()
    banned.refresh_from_db()
    assert banned.suspended
    assert banned.radii == {"dhash256": [None, 12]}
    assert senior.post(url, {"radii_dhash256_hold": "999"}).status_code == 400


def test_several_entries_are_retired_by_the_action() -> None:
    entries = [ban(1), ban(2)]
    url = reverse("admin:moderation_bannedimage_changelist")
    fields = {"action": "retire_these", "_selected_action": [entry.pk for entry in entries]}
    at_the_desk("moderator").post(url, fields)
    assert BannedImage.objects.active().count() == 2
    at_the_desk("senior").post(url, fields)
    assert BannedImage.objects.active().count() == 2
    second_confirms()
    assert not BannedImage.objects.active().exists()


def test_numbers_that_are_none_are_not_found() -> None:
    senior = at_the_desk("senior")
    for address in (
        reverse("admin:moderation_ban_settings", args=[999]),
        reverse("admin:moderation_overturn", args=[999]),
        reverse("admin:moderation_ban_draft", args=[999]),
        reverse("admin:moderation_upload_change", args=[999]),
        reverse("admin:moderation_bannedimage_change", args=["nonsense"]),
        reverse("admin:moderation_rescan_state", args=[999]),
    ):
        assert senior.get(address).status_code == 404, address
    assert Upload.objects.count() == 0
