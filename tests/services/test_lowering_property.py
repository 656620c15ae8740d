"""Whatever people of whichever roles do, in whichever order: no verdict about another picture moves towards “allow” by one
person alone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moderation import selectors
from moderation.domain.analysis import Analysis
from moderation.exceptions import ModerationError
from moderation.models import BanDraft, BannedImage, Blocklist, BlocklistChange
from moderation.services import revision
from moderation.services.blocklists import background, banning
from moderation.services.blocklists.banning import EntryOptions
from moderation.services.blocklists.enrolment import Picture, picture_from_bytes
from moderation.services.desk import drafts, lowering
from moderation.services.desk.lowering import Lowering
from moderation.services.search import matching
from moderation.services.search.matching import Subject
from tests.entrypoints.desk import ban, colleague
from tests.pictures import encode, scene

pytestmark = pytest.mark.django_db
RANK = ("allow", "hold", "block")
BANNED, COPY = encode(scene(1)), encode(scene(1), quality=40)
SETTINGS: tuple[dict[str, Any], ...] = (
    {"exact_only": True},
    {"exact_only": False},
    {"radii": {"dhash256": [None, 0], "phash256": [None, 0]}},
    {"radii": {"dhash256": [40, 60]}},
    {"radii": None},
    {"suspended": True},
    {"suspended": False},
    {"local": "off"},
    {"local": ""},
    {"expires_at": "2099-01-01T00:00:00+00:00"},
)
LIST_SETTINGS: tuple[dict[str, Any], ...] = (
    *({"action": action} for action in ("allow", "monitor", "hold", "block")),
    {"radii": {"dhash256": [None, 0], "phash256": [None, 0]}},
    {"radii": {}},
    {"local": "off"},
    {"local": "block"},
)


def _entry(pick: int) -> int:
    pks = list(BannedImage.objects.order_by("pk").values_list("pk", flat=True))
    return int(pks[pick % len(pks)])


def _list(pick: int) -> Blocklist:
    return list(Blocklist.objects.order_by("pk"))[pick % Blocklist.objects.count()]


def _attempt(what: str, subject: int, values: dict[str, Any], actor: str) -> None:
    lowering.attempt(Lowering(what=what, subject=subject, values=values), actor_id=actor)


def _confirm(pick: int, actor: str) -> None:
    waiting = list(BanDraft.objects.filter(status="waiting").order_by("pk"))
    if waiting:
        draft = waiting[pick % len(waiting)]
        (lowering.confirm if draft.lowering else drafts.confirm)(draft_id=draft.pk, actor_id=actor)


def _ban(pick: int, actor: str, picture: Picture) -> None:
    banning.ban(picture=picture, blocklist=_list(pick), actor_id=actor, options=EntryOptions())


ACTIONS: dict[str, Callable[[int, str, Picture], object]] = {
    "retire": lambda pick, actor, _: _attempt("retire", _entry(pick), {}, actor),
    "again": lambda pick, actor, _: _attempt("again", _entry(pick), {}, actor),
    "entry": lambda pick, actor, _: _attempt("entry", _entry(pick), SETTINGS[pick % len(SETTINGS)], actor),
    "list": lambda pick, actor, _: _attempt(
        "list", _list(pick // 8).pk, LIST_SETTINGS[pick % len(LIST_SETTINGS)], actor
    ),
    "overturn": lambda pick, actor, _: _attempt(
        "overturn", _entry(pick), {"remedy": ("retire", "exact", "keep")[pick % 3]}, actor
    ),
    "background": lambda pick, actor, _: background.forget_all(banned_id=_entry(pick), actor_id=actor),
    "ban": _ban,
    "confirm": lambda pick, actor, _: _confirm(pick, actor),
    "drop": lambda pick, _actor, _picture: drafts.drop(draft_id=pick),
}

steps = st.lists(
    st.tuples(
        st.sampled_from(sorted(ACTIONS)),
        st.integers(0, 63),
        st.sampled_from(["auditor", "moderator", "senior", "second"]),
    ),
    max_size=12,
)


def _verdicts(pictures: list[Analysis]) -> list[int]:
    return [RANK.index(matching.provisional(Subject.of(one)).judgement.verdict) for one in pictures]


@contextmanager
def _rolled_back() -> Iterator[None]:
    """Let each example begin with what the first began with."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _begin() -> tuple[Picture, list[Analysis]]:
    """Ban a picture on a list as it was made, and return it with what verdicts are asked about."""
    ban(1)
    picture = picture_from_bytes(BANNED)
    return picture, [picture.analysis, picture_from_bytes(COPY).analysis]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_verdicts_fall_by_two_who_may_or_not_at_all(taken: list[tuple[str, int, str]]) -> None:
    with _rolled_back():
        _fall_by_two(taken)


def _fall_by_two(taken: list[tuple[str, int, str]]) -> None:
    people = {name: str(colleague(name, name).pk) for name in ("auditor", "moderator", "senior")}
    people["second"] = str(colleague("senior", "second").pk)
    may = {people["senior"], people["second"]}
    picture, pictures = _begin()
    before = _verdicts(pictures)
    for action, pick, name in taken:
        number = revision.current().number
        try:
            ACTIONS[action](pick, people[name], picture)
        except ModerationError:
            assert revision.current().number == number
        after = _verdicts(pictures)
        if any(now < was for now, was in zip(after, before, strict=True)):
            change = BlocklistChange.objects.latest("revision")
            both = {change.actor_id, change.detail["asked_by"]}
            assert len(both) == 2, (action, pick, name)
            assert both <= may
        before = after


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, st.sampled_from(["auditor", "moderator", "senior"]))
def test_verdicts_never_fall_by_one_person(taken: list[tuple[str, int, str]], role: str) -> None:
    with _rolled_back():
        _never_fall(taken, role)


def _never_fall(taken: list[tuple[str, int, str]], role: str) -> None:
    actor = str(colleague(role, role).pk)
    colleague("senior", "second")
    picture, pictures = _begin()
    before = _verdicts(pictures)
    for action, pick, _name in taken:
        with contextlib.suppress(ModerationError):
            ACTIONS[action](pick, actor, picture)
        after = _verdicts(pictures)
        assert all(now >= was for now, was in zip(after, before, strict=True)), (action, pick)
        before = after


def test_the_property_can_fail() -> None:
    """Two who may do lower the verdict, so what is measured above does move."""
    _picture, pictures = _begin()
    assert _verdicts(pictures) == [2, 2]
    one, two = (str(colleague("senior", name).pk) for name in ("senior", "second"))

    _attempt("retire", _entry(0), {}, one)
    _confirm(0, two)

    assert _verdicts(pictures) == [0, 0]
    assert selectors.blocklist_named("default").action == "block"
