"""Every page and file of the desk, by role."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from moderation.models import Appeal, BanDraft, BannedImage, Blocklist, Match, Report, Screening, Upload
from moderation.services.desk import review
from tests.entrypoints.desk import at_the_desk, ban, held_upload, rejected_upload

READERS = {"auditor", "moderator", "senior"}
DECIDERS = {"moderator", "senior"}
SENIORS = {"senior"}
OPERATORS: set[str] = set()
"""Whom the operator gives the permission; no role has it."""
ROLES = ("anonymous", "uploader", "auditor", "moderator", "senior")


@dataclass(frozen=True)
class Desk:
    upload: Upload
    banned: BannedImage
    appeal: Appeal
    draft: BanDraft
    screening: Screening
    report: Report


@pytest.fixture
def desk(db: None) -> Desk:
    banned = ban(1)
    held_upload(2)
    rejected = rejected_upload(3)
    appeal = review.ask_for_review(upload=rejected, text="It is my dog.")
    moderator = at_the_desk("moderator", "drafter")
    page = moderator.post(
        reverse("admin:moderation_bannedimage_add"),
        {"blocklist": Blocklist.objects.get(slug="default").pk, "uploads": [rejected.pk]},
    )
    assert page.status_code == 302, page.context["form"].errors
    draft = BanDraft.objects.get()
    screening = Screening.objects.filter(upload_id=rejected.pk).latest("pk")
    report = Report.objects.create(upload=rejected, reference="REP0-0001", status="kept")
    return Desk(rejected, banned, appeal, draft, screening, report)


PAGES = {
    "admin:moderation_desk": READERS,
    "admin:moderation_upload_changelist": READERS,
    "admin:moderation_upload_change upload": READERS,
    "admin:moderation_review": DECIDERS,
    "admin:moderation_review_item upload": DECIDERS,
    "admin:moderation_bannedimage_changelist": READERS,
    "admin:moderation_bannedimage_change banned": READERS,
    "admin:moderation_bannedimage_add": DECIDERS,
    "admin:moderation_ban_reach batch": DECIDERS,
    "admin:moderation_ban_waiting": DECIDERS,
    "admin:moderation_overturn banned": SENIORS,
    "admin:moderation_blocklist_changelist": READERS,
    "admin:moderation_blocklist_change blocklist": READERS,
    "admin:moderation_blocklist_add": SENIORS,
    "admin:moderation_appeal_changelist": READERS,
    "admin:moderation_appeal_change appeal": READERS,
    "admin:moderation_report_changelist": READERS,
    "admin:moderation_report_change report": READERS,
    "admin:moderation_transparency": READERS,
    "admin:moderation_screening_changelist": READERS,
    "admin:moderation_screening_change screening": READERS,
    "admin:moderation_decision_changelist": READERS,
    "admin:moderation_refusal_changelist": READERS,
    "admin:moderation_blocklistchange_changelist": READERS,
    "admin:moderation_screening_export": {"auditor", "senior"},
    "admin:moderation_apikey_changelist": OPERATORS,
    "admin:moderation_apikey_add": OPERATORS,
    "admin:moderation_apikey_change key": OPERATORS,
    "moderation:upload-picture upload": READERS,
    "moderation:evidence-picture banned": READERS,
    "moderation:draft-picture draft": DECIDERS,
}

CHANGES = {
    "admin:moderation_review_next": DECIDERS,
    "admin:moderation_review_decide upload": DECIDERS,
    "admin:moderation_review_several": DECIDERS,
    "admin:moderation_review_undo": READERS,
    "admin:moderation_preference": READERS,
    "admin:moderation_upload_decide upload": DECIDERS,
    "admin:moderation_ban_draft draft": DECIDERS,
    "admin:moderation_ban_retire banned": SENIORS,
    "admin:moderation_ban_again banned": SENIORS,
    "admin:moderation_ban_background banned": SENIORS,
    "admin:moderation_ban_settings banned": SENIORS,
    "admin:moderation_appeal_answer appeal": DECIDERS,
    "admin:moderation_report_leave report": DECIDERS,
}


def _address(name: str, desk: Desk) -> str:
    view, _, subject = name.partition(" ")
    values = {
        "upload": desk.upload.pk,
        "banned": desk.banned.pk,
        "appeal": desk.appeal.pk,
        "report": desk.report.pk,
        "draft": desk.draft.pk,
        "batch": desk.draft.batch,
        "screening": desk.screening.pk,
        "key": 1,
        "blocklist": Blocklist.objects.get(slug="default").pk,
    }
    return reverse(view, args=[values[subject]] if subject else [])


def _turned_away(client: Client, url: str, method: str = "get") -> bool:
    answer = getattr(client, method)(url)
    to_login = answer.status_code == 302 and "login" in answer["Location"]
    return to_login or answer.status_code in (403, 404)


@pytest.mark.parametrize("role", ROLES)
def test_pages_open_to_those_who_may_see_them(role: str, desk: Desk) -> None:
    client = at_the_desk(role)
    wrong = []
    for name, allowed in PAGES.items():
        url = _address(name, desk)
        away = _turned_away(client, url)
        if away == (role in allowed):
            wrong.append(f"{name}: {client.get(url).status_code}")
    assert not wrong


@pytest.mark.parametrize("role", ROLES)
def test_changes_are_made_by_those_who_may(role: str, desk: Desk) -> None:
    client = at_the_desk(role)
    wrong = [
        name
        for name, allowed in CHANGES.items()
        if _turned_away(client, _address(name, desk), "post") == (role in allowed)
    ]
    assert not wrong


def test_nothing_changes_by_reading(desk: Desk) -> None:
    """GET on an address that changes something is refused, or changes nothing."""
    client = at_the_desk("senior")
    for name in CHANGES:
        assert client.get(_address(name, desk)).status_code in (302, 404, 405), name
    desk.banned.refresh_from_db()
    desk.appeal.refresh_from_db()
    assert desk.banned.active
    assert desk.appeal.status == "open"


def test_changes_need_the_csrf_token(desk: Desk) -> None:
    senior = at_the_desk("senior")
    client = Client(enforce_csrf_checks=True)
    client.cookies = senior.cookies
    for name in CHANGES:
        assert client.post(_address(name, desk)).status_code == 403, name


@pytest.mark.parametrize("role", ["auditor", "moderator", "senior"])
def test_nothing_can_be_deleted(role: str, desk: Desk) -> None:
    client = at_the_desk(role)
    for name, pk in (
        ("upload", desk.upload.pk),
        ("bannedimage", desk.banned.pk),
        ("blocklist", Blocklist.objects.get(slug="default").pk),
        ("screening", desk.screening.pk),
        ("appeal", desk.appeal.pk),
    ):
        url = reverse(f"admin:moderation_{name}_delete", args=[pk])
        assert client.post(url, {"post": "yes"}).status_code == 403, name
        listed = client.get(reverse(f"admin:moderation_{name}_changelist"))
        assert b"delete_selected" not in listed.content


def test_every_page_of_the_desk_is_in_this_table() -> None:
    """A new page has to say who may see it."""
    known = {name.split()[0] for name in (*PAGES, *CHANGES)}
    stock = ("_delete", "_history", "_add", "_change", "_export")
    wanted = set()
    for namespace in ("admin", "moderation"):
        _prefix, resolver = get_resolver().namespace_dict[namespace]
        names = [str(key) for key in resolver.reverse_dict if isinstance(key, str)]
        wanted |= {
            f"{namespace}:{name}"
            for name in names
            if name.endswith("-picture") or (name.startswith("moderation_") and not name.endswith(stock))
        }
    elsewhere = {
        "admin:moderation_rescan_state",
        "admin:moderation_rescan_cancel",
        "moderation:overlay-picture",
    }
    assert wanted - known - elsewhere == set()


@pytest.mark.parametrize("role", ["anonymous", "uploader"])
def test_the_overlay_of_two_pictures_is_for_the_desk_alone(role: str, desk: Desk) -> None:
    url = reverse("moderation:overlay-picture", args=[Match.objects.latest("pk").pk])
    assert at_the_desk(role).get(url).status_code == 403
