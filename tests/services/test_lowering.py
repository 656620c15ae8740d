"""What lets other pictures pass wants two people, whichever way it is asked for; the rest needs one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone

from moderation import api, selectors
from moderation.exceptions import DecisionRefused, LoweringNeedsTwo
from moderation.models import BanDraft, BannedImage, Blocklist, BlocklistChange, Decision
from moderation.services import revision
from moderation.services.blocklists import banning, blocklist
from moderation.services.blocklists.banning import EntryOptions
from moderation.services.blocklists.enrolment import picture_from_bytes
from moderation.services.blocklists.lowering import Consent
from moderation.services.desk import drafts, lowering, overturn, reinstating, undo
from moderation.services.desk.lowering import Lowering
from moderation.services.desk.overturn import Plan
from tests.entrypoints.commands import run
from tests.entrypoints.desk import ban, colleague, rejected_upload
from tests.pictures import encode, scene

pytestmark = pytest.mark.django_db
NARROW = {"dhash256": [None, 1]}


def _senior(name: str) -> str:
    return str(colleague("senior", name).pk)


@pytest.fixture
def asking() -> str:
    """Return one of two who may lower the shield."""
    _senior("second")
    return _senior("asking")


def _of_entry(what: str, **values: Any) -> Callable[[], Lowering]:
    return lambda: Lowering(what=what, subject=ban(1).pk, values=values, note="why")


def _of_list(**values: Any) -> Callable[[], Lowering]:
    return lambda: Lowering(what="list", subject=selectors.blocklist_named("default").pk, values=values)


def _allowed_again() -> Lowering:
    entry = banning.allow(picture=picture_from_bytes(encode(scene(7)))).banned
    blocklist.unban(banned_id=entry.pk)
    return Lowering(what="again", subject=entry.pk)


def _allowed_upload() -> Lowering:
    upload = rejected_upload(3)
    values = {"remedy": "keep", "radii": None, "allow_upload": upload.pk}
    return Lowering(what="overturn", subject=BannedImage.objects.latest("pk").pk, values=values)


LOWERS = {
    "retire": _of_entry("retire"),
    "exact only": _of_entry("entry", exact_only=True),
    "narrow": _of_entry("entry", radii=NARROW),
    "suspend": _of_entry("entry", suspended=True),
    "tier off for an entry": _of_entry("entry", local="off"),
    "expiry": _of_entry("entry", expires_at="2099-01-01T00:00:00+00:00"),
    "overturn": _of_entry("overturn", remedy="retire", radii=None, allow_upload=None),
    "overturn by radii": _of_entry("overturn", remedy="narrow", radii=NARROW, allow_upload=None),
    "overturn to exact": _of_entry("overturn", remedy="exact", radii=None, allow_upload=None),
    "allow an upload": _allowed_upload,
    "allow again": _allowed_again,
    "list that holds": _of_list(action="hold"),
    "list that monitors": _of_list(action="monitor"),
    "list that allows": _of_list(action="allow"),
    "list narrowed": _of_list(radii=NARROW),
    "tier off for a list": _of_list(local="off"),
}


def _state() -> tuple[Any, ...]:
    entries = BannedImage.objects.order_by("pk").values_list(
        "pk", "retired_revision", "exact_only", "radii", "suspended", "local", "expires_at"
    )
    lists = Blocklist.objects.order_by("pk").values_list("pk", "action", "radii", "local")
    return list(entries), list(lists), revision.current().number


@pytest.mark.parametrize("name", LOWERS)
def test_one_person_alone_lowers_nothing(name: str, asking: str) -> None:
    wanted = LOWERS[name]()
    before = _state()

    draft = lowering.attempt(wanted, actor_id=asking)

    assert draft is not None
    assert draft.status == "waiting"
    assert _state() == before


@pytest.mark.parametrize("name", LOWERS)
def test_two_do_and_the_history_says_who_asked(name: str, asking: str) -> None:
    wanted = LOWERS[name]()
    before = _state()
    draft = lowering.attempt(wanted, actor_id=asking)
    assert draft is not None

    lowering.confirm(draft_id=draft.pk, actor_id=_senior("second"))

    assert _state() != before
    change = BlocklistChange.objects.latest("revision")
    assert (change.actor_id, change.detail["asked_by"]) == (_senior("second"), asking)
    assert BanDraft.objects.get(pk=draft.pk).status == "done"


@pytest.mark.parametrize("name", LOWERS)
def test_who_has_no_permission_may_not_even_ask(name: str) -> None:
    wanted = LOWERS[name]()
    before = _state()
    moderator = str(colleague("moderator").pk)

    with pytest.raises(DecisionRefused, match="may not lower the shield"):
        lowering.attempt(wanted, actor_id=moderator)

    assert _state() == before
    assert not BanDraft.objects.exists()


def test_services_refuse_one_person_too(asking: str) -> None:
    entry = ban(1)
    listed = entry.blocklist
    listed.action = "hold"

    with pytest.raises(LoweringNeedsTwo):
        blocklist.unban(banned_id=entry.pk, actor_id=asking)
    with pytest.raises(LoweringNeedsTwo):
        blocklist.change_entry(banned_id=entry.pk, actor_id=asking, exact_only=True)
    with pytest.raises(LoweringNeedsTwo):
        blocklist.change_list(blocklist=listed, actor_id=asking)
    with pytest.raises(LoweringNeedsTwo):
        overturn.overturn(banned_id=entry.pk, actor_id=asking, plan=Plan(remedy="retire"))

    assert revision.current().number == entry.revision


def test_raising_stays_one_click(asking: str) -> None:
    entry = ban(1)
    blocklist.change_entry(banned_id=entry.pk, suspended=True, radii=NARROW, exact_only=True)
    blocklist.change_list(blocklist=Blocklist(slug="watch", name="Watch", action="monitor"))
    watch = Blocklist.objects.get(slug="watch")
    allowed = banning.allow(picture=picture_from_bytes(encode(scene(7)))).banned

    def done(what: str, subject: int, **values: Any) -> bool:
        return lowering.attempt(Lowering(what=what, subject=subject, values=values), actor_id=asking) is None

    assert done("entry", entry.pk, suspended=False, radii=None, exact_only=False)
    assert done("list", watch.pk, action="hold")
    assert done("list", watch.pk, radii={"dhash256": [100, 120]})
    assert done("retire", allowed.pk), "an allowed entry that goes lets nothing pass"
    assert done("entry", entry.pk, expires_at=None)


def test_what_watches_only_may_be_changed_by_one(asking: str) -> None:
    blocklist.change_list(blocklist=Blocklist(slug="watch", name="Watch", action="monitor"))
    entry = ban(1, "watch")

    assert lowering.attempt(Lowering(what="retire", subject=entry.pk), actor_id=asking) is None


def test_ones_own_ban_is_undone_by_oneself(asking: str) -> None:
    user = User.objects.get(pk=asking)
    entry = api.ban(encode(scene(1)), actor=user).banned

    undo.undo(decision_id=Decision.objects.get(kind="ban").pk, actor_id=asking)

    entry.refresh_from_db()
    assert not entry.active


def test_ones_own_retirement_of_what_is_allowed_is_undone_by_oneself(asking: str) -> None:
    entry = banning.allow(picture=picture_from_bytes(encode(scene(7)))).banned
    blocklist.unban(banned_id=entry.pk, actor_id=asking)

    undo.undo(decision_id=Decision.objects.get(kind="retire").pk, actor_id=asking)

    assert BannedImage.objects.filter(retired_revision__isnull=True).exists()


def test_an_expiry_given_at_the_ban_needs_nobody(asking: str) -> None:
    options = EntryOptions(expires_at=timezone.now() + timedelta(days=1), exact_only=True, radii=NARROW)

    made = banning.ban(
        picture=picture_from_bytes(encode(scene(1))),
        blocklist=selectors.blocklist_named("default"),
        actor_id=asking,
        options=options,
    )

    assert made.created


def test_the_shell_acts_alone_and_is_recorded() -> None:
    entry = ban(1)

    assert run("unban", entry.pk).status == 0

    change = BlocklistChange.objects.latest("revision")
    assert (change.kind, change.actor_id) == ("retire", "operator")
    assert Decision.objects.get(kind="retire").actor_id == "operator"


def test_a_host_may_not_allow_in_the_name_of_one_person(asking: str) -> None:
    result = api.ban(encode(scene(5)), blocklist="allowlist", actor=User.objects.get(pk=asking))

    assert result.waiting is not None
    with pytest.raises(DecisionRefused, match="yourself"):
        drafts.confirm(draft_id=result.waiting.pk, actor_id=asking)
    with pytest.raises(DecisionRefused, match="allowed to do so"):
        drafts.confirm(draft_id=result.waiting.pk, actor_id=str(colleague("moderator").pk))
    assert drafts.confirm(draft_id=result.waiting.pk, actor_id=_senior("second")).created
    with pytest.raises(DecisionRefused, match="may not put pictures"):
        api.ban(encode(scene(6)), blocklist="allowlist", actor=colleague("moderator"))


@pytest.fixture
def waiting(asking: str) -> BanDraft:
    """Ask for the retirement of an entry."""
    draft = lowering.attempt(Lowering(what="retire", subject=ban(1).pk), actor_id=asking)
    assert draft is not None
    return draft


def _stays(draft: BanDraft, actor: str, match: str) -> None:
    before = _state()
    with pytest.raises(DecisionRefused, match=match):
        lowering.confirm(draft_id=draft.pk, actor_id=actor)
    assert _state() == before


def test_nobody_confirms_what_they_asked_for(waiting: BanDraft, asking: str) -> None:
    _stays(waiting, asking, "yourself")


def test_asking_twice_is_asking_once(waiting: BanDraft, asking: str) -> None:
    again = lowering.attempt(Lowering(what="retire", subject=BannedImage.objects.get().pk), actor_id=asking)

    assert again == waiting


def test_a_second_person_who_lost_the_permission_confirms_nothing(waiting: BanDraft) -> None:
    second = colleague("senior", "second")
    second.groups.clear()

    _stays(waiting, str(second.pk), "allowed to do so")


def test_nothing_is_confirmed_for_one_who_lost_the_permission(waiting: BanDraft, asking: str) -> None:
    User.objects.get(pk=asking).groups.set([Group.objects.get(name="Moderators")])

    _stays(waiting, _senior("second"), "allowed to do so")


def test_an_account_that_was_closed_confirms_nothing(waiting: BanDraft) -> None:
    User.objects.filter(username="second").update(is_active=False)

    _stays(waiting, _senior("second"), "allowed to do so")


def test_a_confirmation_counts_once(waiting: BanDraft) -> None:
    lowering.confirm(draft_id=waiting.pk, actor_id=_senior("second"))
    reinstating.reinstate(banned_id=waiting.banned_id or 0, actor_id="")

    _stays(waiting, _senior("second"), "already")


def test_two_confirmations_at_once_are_one(waiting: BanDraft) -> None:
    """Both have read the draft before either is done."""
    consents = [Consent(BanDraft.objects.get(pk=waiting.pk), lambda: True) for _ in range(2)]

    consents[0].spend()

    with pytest.raises(DecisionRefused, match="already"):
        consents[1].spend()


def test_what_waited_for_more_than_a_week_is_not_confirmed(waiting: BanDraft) -> None:
    BanDraft.objects.update(created_at=timezone.now() - timedelta(days=8))

    _stays(waiting, _senior("second"), "more than a week")
    assert drafts.drop_stale() == 1


def test_a_dropped_one_is_not_confirmed(waiting: BanDraft) -> None:
    drafts.drop(draft_id=waiting.pk)

    _stays(waiting, _senior("second"), "dropped")


def test_an_entry_that_has_changed_meanwhile_is_looked_at_again(waiting: BanDraft) -> None:
    blocklist.change_entry(banned_id=waiting.banned_id or 0, suspended=True)

    _stays(waiting, _senior("second"), "has changed since")
    assert BanDraft.objects.get(pk=waiting.pk).status == "waiting"


def test_a_lowering_is_no_ban(waiting: BanDraft) -> None:
    with pytest.raises(DecisionRefused, match="no ban"):
        drafts.confirm(draft_id=waiting.pk, actor_id=_senior("second"))


@pytest.mark.parametrize("draft_id", [0, 10**9])
def test_what_was_never_asked_for_is_not_confirmed(draft_id: int) -> None:
    with pytest.raises(DecisionRefused):
        lowering.confirm(draft_id=draft_id, actor_id=_senior("second"))


def test_the_only_one_who_may_waits(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "LOWERING_DELAY_HOURS": 3}
    only, entry = _senior("only"), ban(1)
    draft = lowering.attempt(Lowering(what="retire", subject=entry.pk), actor_id=only)
    assert draft is not None
    assert lowering.alone_from(draft) == draft.created_at + timedelta(hours=3)
    _stays(draft, only, "Nobody else can confirm this")

    BanDraft.objects.update(created_at=timezone.now() - timedelta(hours=3))
    other = _senior("other")
    _stays(draft, only, "yourself")
    User.objects.filter(pk=other).update(is_active=False)
    lowering.confirm(draft_id=draft.pk, actor_id=only)

    entry.refresh_from_db()
    assert not entry.active
