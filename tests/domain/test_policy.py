"""What policy makes of hits: the bands as tables, the order of its rules as properties."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from moderation.domain.analysis import VIEWS_UNSEARCHED
from moderation.domain.evidence.weighing import Evidence, EvidenceBand
from moderation.domain.local.budget import TIME_EXCEEDED
from moderation.domain.policy import WHOLE, BandName, Entry, Hit, Judgement, band_of, judge, margin, nearer
from moderation.domain.radii import NEVER, Band

CODE = "dhash256/1"
OTHER = "phash256/1"
LOCAL = "local/1"
RANK = {"allow": 0, "hold": 1, "block": 2}
RADII = {CODE: Band(31, 45)}


def _entry(banned: int = 1, action: str = "block", **changes: object) -> Entry:
    return replace(Entry(banned, action, action, RADII, local="block"), **changes)  # type: ignore[arg-type]


def _exact(banned: int = 1, method: str = "sha256") -> Hit:
    return Hit(banned, method, 0, band="exact")


def _evidence(band: EvidenceBand) -> Evidence:
    return Evidence(band, 40, b"\xff" * 5 + bytes(3), bytes(8))


def _code(
    banned: int = 1,
    distance: int = 10,
    view: int = 0,
    variant: str = "",
    evidence: EvidenceBand | None = "block",
) -> Hit:
    return Hit(banned, CODE, distance, view, variant, evidence=_evidence(evidence) if evidence else None)


def _local(banned: int = 1, band: BandName = "block", view: int = 0) -> Hit:
    return Hit(banned, LOCAL, 0, view, band=band)


def _judge(
    hits: Sequence[Hit], *entries: Entry, cleared: Collection[int] = (), notes: tuple[str, ...] = ()
) -> Judgement:
    return judge(hits, {entry.banned: entry for entry in entries}, cleared=cleared, notes=notes)


# Which band a hit falls into.


@pytest.mark.parametrize(
    ("distance", "expected"),
    [(0, ("block", 31)), (31, ("block", 31)), (32, ("hold", 45)), (45, ("hold", 45)), (46, None)],
)
def test_a_radius_includes_its_last_bit(distance: int, expected: tuple[str, int] | None) -> None:
    assert band_of(_code(distance=distance), _entry()) == expected


@pytest.mark.parametrize(
    ("band", "distance", "expected"),
    [
        (Band(NEVER, 10), 0, ("hold", 10)),
        (Band(NEVER, 0), 0, ("hold", 0)),
        (Band(NEVER, 0), 1, None),
        (Band(NEVER, NEVER), 0, None),
        (Band(0, 0), 0, ("block", 0)),
        (Band(0, 0), 1, None),
        (Band(5, 5), 5, ("block", 5)),
    ],
)
def test_a_band_that_is_switched_off_holds_nothing(
    band: Band, distance: int, expected: tuple[str, int] | None
) -> None:
    assert band_of(_code(distance=distance), _entry(bands={CODE: band})) == expected


@pytest.mark.parametrize(
    ("evidence", "distance", "expected"),
    [
        ("block", 31, ("block", 31)),
        ("block", 32, ("hold", 45)),
        ("hold", 0, ("hold", 45)),
        ("nothing", 0, None),
        ("nothing", 45, None),
        (None, 0, ("hold", 45)),
        (None, 46, None),
    ],
)
def test_a_distance_is_worth_what_the_pixels_support(
    evidence: EvidenceBand | None, distance: int, expected: tuple[str, int] | None
) -> None:
    assert band_of(_code(distance=distance, evidence=evidence), _entry()) == expected


@pytest.mark.parametrize("evidence", ["hold", "nothing", None])
def test_what_only_resembles_an_allowed_picture_is_not_explained_by_it(
    evidence: EvidenceBand | None,
) -> None:
    judgement = _judge([_code(1, 0, evidence=evidence), _code(2)], _entry(1, "allow"), _entry(2))

    assert judgement.verdict == "block"


@pytest.mark.parametrize("method", ["sha256", "pixels/1"])
def test_an_exact_copy_needs_no_evidence(method: str) -> None:
    assert band_of(replace(_exact(method=method), evidence=_evidence("nothing")), _entry()) == ("exact", 0)


def test_a_code_that_the_entry_has_no_radii_for_is_in_no_band() -> None:
    assert band_of(Hit(1, "phash256/1", 0, 0), _entry()) is None


@pytest.mark.parametrize("method", ["sha256", "pixels/1"])
def test_an_exact_copy_is_exact_even_where_only_exact_copies_count(method: str) -> None:
    assert band_of(_exact(method=method), _entry()) == ("exact", 0)
    assert band_of(_exact(method=method), _entry(exact_only=True)) == ("exact", 0)


def test_an_entry_for_exact_copies_has_no_near_ones() -> None:
    entry = _entry(exact_only=True)

    assert band_of(_code(distance=0), entry) is None
    assert band_of(_local(), entry) is None
    assert band_of(Hit(1, "other/1", 0, band="block"), entry) is None


def test_a_method_without_radii_brings_its_own_band() -> None:
    assert band_of(Hit(1, "other/1", 7, band="block"), _entry()) == ("block", 0)
    assert band_of(Hit(1, "other/1", 7, band="hold"), _entry()) == ("hold", 0)


@pytest.mark.parametrize(
    ("allowed_to", "evidence", "expected"),
    [
        ("off", "block", None),
        ("off", "hold", None),
        ("hold", "block", ("hold", 0)),
        ("hold", "hold", ("hold", 0)),
        ("block", "block", ("block", 0)),
        ("block", "hold", ("hold", 0)),
    ],
)
def test_the_second_tier_does_what_the_entry_and_the_evidence_support(
    allowed_to: str, evidence: BandName, expected: tuple[str, int] | None
) -> None:
    assert band_of(_local(band=evidence), _entry(local=allowed_to)) == expected


def test_the_second_tier_explains_nothing_as_allowed() -> None:
    assert band_of(_local(), _entry(action="allow")) is None


@pytest.mark.parametrize(("block", "hold"), [(5, 3), (-2, 3), (NEVER, -2)])
def test_radii_out_of_order_are_refused_with_both_numbers(block: int, hold: int) -> None:
    with pytest.raises(ValueError, match=f"Radii need -1 <= block <= hold, not {block} and {hold}."):
        Band(block, hold)


# What one hit leads to.


@pytest.mark.parametrize(
    ("hit", "entry", "verdict", "reason"),
    [
        (_exact(), _entry(), "block", "exact_copy"),
        (_code(distance=31), _entry(), "block", "copy"),
        (_code(distance=32), _entry(), "hold", "near_copy"),
        (_code(distance=46), _entry(), "allow", "no_match"),
        (_local(), _entry(), "block", "copy"),
        (_local(band="hold"), _entry(), "hold", "near_copy"),
        (_exact(), _entry(action="hold"), "hold", "hold_list"),
        (_code(), _entry(action="hold"), "hold", "hold_list"),
        (_code(distance=40), _entry(action="hold"), "hold", "near_copy"),
        (_exact(), _entry(suspended=True), "hold", "hold_list"),
        (_code(distance=40), _entry(suspended=True), "hold", "near_copy"),
        (_exact(), _entry(action="monitor"), "allow", "monitored"),
        (_code(distance=46), _entry(action="monitor"), "allow", "no_match"),
        (_exact(), _entry(action="allow"), "allow", "allowlisted"),
        (_code(distance=31), _entry(action="allow"), "allow", "allowlisted"),
        (_code(distance=32), _entry(action="allow"), "allow", "no_match"),
    ],
)
def test_one_hit(hit: Hit, entry: Entry, verdict: str, reason: str) -> None:
    judgement = _judge([hit], entry)

    assert (judgement.verdict, judgement.reason) == (verdict, reason)


def test_nothing_found_is_allowed() -> None:
    assert _judge([]) == Judgement("allow", "no_match", ())


def test_a_cleared_pair_counts_no_more() -> None:
    judgement = _judge([_exact()], _entry(), cleared={1})

    assert (judgement.verdict, judgement.reason) == ("allow", "cleared")
    assert [match.set_aside for match in judgement.matches] == ["cleared"]


@pytest.mark.parametrize("aside", ["allow", "monitor"])
def test_who_cleared_a_picture_is_named_before_a_list_that_only_watches(aside: str) -> None:
    hits = [_code(1), _code(2, view=1)]

    reason = _judge(hits, _entry(1), _entry(2, action=aside), cleared={1}).reason

    assert reason == ("allowlisted" if aside == "allow" else "cleared")


def test_an_evidence_for_blocking_outranks_a_nearer_one_that_only_holds() -> None:
    judgement = _judge([_code(1, distance=0), _code(2, distance=30)], _entry(1, action="hold"), _entry(2))

    assert judgement.verdict == "block"
    assert judgement.leading is not None
    assert judgement.leading.hit.banned == 2


def test_of_two_equal_evidences_the_older_entry_leads() -> None:
    judgement = _judge([_code(7), _code(3)], _entry(7), _entry(3))

    assert judgement.leading is not None
    assert judgement.leading.hit.banned == 3


def test_matches_say_which_radius_they_lie_in() -> None:
    judgement = _judge([_exact(1), _code(2, distance=31), _code(3, distance=32)], *map(_entry, (1, 2, 3)))

    placed = [(match.hit.banned, match.band, match.radius) for match in judgement.matches]
    assert placed == [(1, "exact", 0), (2, "block", 31), (3, "hold", 45)]


def test_what_was_set_aside_does_not_lead() -> None:
    judgement = _judge([_exact(1), _code(2, distance=40)], _entry(1), _entry(2), cleared={1})

    assert judgement.leading is not None
    assert judgement.leading.hit.banned == 2
    assert _judge([_exact(1)], _entry(1), cleared={1}).leading is None


# What an allowed picture accounts for.


def test_a_near_allowed_picture_accounts_for_the_codes_of_its_view() -> None:
    hits = [_code(1), _code(2, distance=2)]

    assert _judge(hits, _entry(1), _entry(2, action="allow")).reason == "allowlisted"


@pytest.mark.parametrize(
    ("allowed", "banned", "verdict"),
    [
        ([(CODE, 4)], [(CODE, 10)], "allow"),
        ([(CODE, 5)], [(CODE, 10)], "block"),
        ([(CODE, 10)], [(CODE, 10)], "block"),
        ([(CODE, 30)], [(CODE, 10)], "block"),
        ([(CODE, 0), (OTHER, 0)], [(CODE, 6), (OTHER, 6)], "allow"),
        ([(CODE, 0), (OTHER, 0)], [(CODE, 6), (OTHER, 5)], "block"),
        ([(CODE, 0)], [(CODE, 20), (OTHER, 20)], "block"),
        ([(CODE, 0)], [(OTHER, 40)], "hold"),
        ([(CODE, 26), (OTHER, 39)], [(CODE, 40), (OTHER, 45)], "allow"),
    ],
    ids=str,
)
def test_the_nearer_entry_wins_by_every_method(
    allowed: list[tuple[str, int]], banned: list[tuple[str, int]], verdict: str
) -> None:
    bands = {CODE: Band(31, 45), OTHER: Band(31, 45)}
    hits = [replace(_code(1, distance), method=method) for method, distance in banned]
    hits += [replace(_code(2, distance), method=method) for method, distance in allowed]

    judgement = _judge(hits, _entry(1, bands=bands), _entry(2, action="allow", bands=bands))

    assert judgement.verdict == verdict


def test_it_has_to_be_nearer_than_every_entry_that_counts() -> None:
    hits = [_code(1, distance=30), _code(2, distance=2), _code(3, distance=4)]
    allowed, far, near = _entry(2, action="allow"), _entry(1), _entry(3, action="hold")

    assert _judge(hits, far, allowed, near).verdict == "block"
    assert _judge(hits, far, allowed, near, cleared={3}).verdict == "allow"
    assert _judge(hits, far, allowed, replace(near, action="monitor")).verdict == "allow"


def test_no_allowed_entry_makes_up_for_another_one() -> None:
    bands = {CODE: Band(31, 45), OTHER: Band(31, 45)}
    entries = [_entry(1, bands=bands), *(_entry(pk, action="allow", bands=bands) for pk in (2, 3))]
    hits = [
        _code(1, 20),
        replace(_code(1, 20), method=OTHER),
        _code(2, 2),
        replace(_code(3, 2), method=OTHER),
    ]

    assert _judge(hits, *entries).verdict == "block"


def test_an_exact_banned_copy_leaves_nothing_to_an_allowed_entry_that_is_near() -> None:
    hits = [_exact(3), _code(1, distance=30), _code(2, distance=2)]

    assert _judge(hits, _entry(1), _entry(2, action="allow"), _entry(3, action="hold")).verdict == "block"


def test_an_allowed_picture_that_is_set_in_accounts_for_nothing_around_it() -> None:
    hits = [_code(1, distance=20), _code(2, distance=0, variant="inset")]

    assert _judge(hits, _entry(1), _entry(2, action="allow")).verdict == "block"


@pytest.mark.parametrize(
    ("method", "bits"), [("dhash256/1", 6), ("dhash64/1", 1), ("phash64/1", 1), ("unknown/3", 6)]
)
def test_the_margin_fits_the_code(method: str, bits: int) -> None:
    assert margin(method) == bits


@pytest.mark.parametrize(
    ("banned", "allowed"),
    [
        (_code(1, view=1), _code(2, view=0)),
        (_code(1, variant="inset"), _code(2, distance=2)),
        (_code(1, variant="border+inset 1"), _code(2, distance=2)),
        (_exact(1), _code(2, distance=2)),
        (_exact(1, method="pixels/1"), _code(2, distance=2)),
        (_code(1), _code(2, distance=32)),
        (_local(1), _code(2, distance=2)),
    ],
    ids=["other view", "inset", "border and inset", "equal bytes", "equal pixels", "not near", "local only"],
)
def test_a_near_allowed_picture_accounts_for_nothing_else(banned: Hit, allowed: Hit) -> None:
    assert _judge([banned, allowed], _entry(1), _entry(2, action="allow")).verdict == "block"


def test_a_near_allowed_picture_accounts_for_what_the_second_tier_says_of_the_same_entry() -> None:
    entries = (_entry(1), _entry(2, action="allow"), _entry(3))

    near = _code(2, distance=2)
    assert _judge([_code(1), _local(1), near], *entries).verdict == "allow"
    assert _judge([_code(1), _local(1, view=1), near], *entries).verdict == "block"
    assert _judge([_code(1), _local(3), near], *entries).verdict == "block"


def test_an_exact_allowed_copy_accounts_for_everything() -> None:
    hits = [_exact(1), _code(1, variant="inset"), _code(1, view=3), _local(1), _exact(2)]

    assert _judge(hits, _entry(1), _entry(2, action="allow")).verdict == "allow"


def test_a_search_that_was_cut_off_holds_what_nothing_was_found_in() -> None:
    judgement = _judge([], notes=("local_rows", TIME_EXCEEDED))

    assert (judgement.verdict, judgement.reason) == ("hold", "search_cut_off")
    assert judgement.notes == ("local_rows", TIME_EXCEEDED)
    unsearched = _judge([], notes=(VIEWS_UNSEARCHED,))
    assert (unsearched.verdict, unsearched.reason) == ("hold", "views_unsearched")


def test_a_search_that_was_cut_off_says_nothing_of_an_exact_allowed_copy() -> None:
    allowed = _entry(action="allow")

    assert _judge([_exact()], allowed, notes=(TIME_EXCEEDED,)).verdict == "allow"
    assert _judge([_code()], allowed, notes=(TIME_EXCEEDED,)).verdict == "hold"


def test_a_search_that_was_cut_off_keeps_a_stronger_verdict() -> None:
    assert _judge([_code()], _entry(), notes=(TIME_EXCEEDED,)).reason == "copy"
    assert _judge([_code(distance=40)], _entry(), notes=(TIME_EXCEEDED,)).reason == "near_copy"


def test_other_bounds_hold_nothing() -> None:
    assert _judge([], notes=("local_rows",)).verdict == "allow"


# Properties, over whatever lists and hits there may be.

BANNED = st.integers(1, 6)


@st.composite
def _bands(draw: st.DrawFn) -> Band:
    hold = draw(st.integers(NEVER, 60))
    return Band(draw(st.integers(NEVER, hold)), hold)


def _entries(
    actions: Sequence[str] = ("block", "hold", "monitor", "allow"),
) -> st.SearchStrategy[list[Entry]]:
    def build(banned: int) -> st.SearchStrategy[Entry]:
        return st.builds(
            Entry,
            st.just(banned),
            st.just("any"),
            st.sampled_from(actions),
            st.fixed_dictionaries({CODE: _bands()}),
            exact_only=st.booleans(),
            suspended=st.booleans(),
            local=st.sampled_from(["off", "hold", "block"]),
        )

    return st.sets(BANNED, max_size=5).flatmap(lambda some: st.tuples(*map(build, sorted(some))).map(list))


_ANY_HIT = st.one_of(
    st.builds(Hit, BANNED, st.sampled_from(["sha256", "pixels/1"]), st.just(0), band=st.just("exact")),
    st.builds(
        Hit,
        BANNED,
        st.just(CODE),
        st.integers(0, 64),
        st.integers(0, 2),
        st.sampled_from(["", "border", "inset", "border+inset"]),
    ),
    st.builds(
        Hit, BANNED, st.just(LOCAL), st.just(0), st.integers(0, 2), band=st.sampled_from(["hold", "block"])
    ),
)
HITS = st.lists(_ANY_HIT, max_size=10, unique_by=lambda hit: (hit.banned, hit.method, hit.view))
NOTES = st.sampled_from([(), ("local_rows",), (TIME_EXCEEDED,)])


def _without(hits: Sequence[Hit], banned: Collection[int]) -> list[Hit]:
    return [hit for hit in hits if hit.banned not in banned]


def _with_action(entries: Sequence[Entry], action: str) -> set[int]:
    return {entry.banned for entry in entries if entry.action == action}


@given(HITS, _entries(), st.sets(BANNED), NOTES, st.randoms(use_true_random=False))
def test_the_order_in_which_hits_arrive_changes_nothing(
    hits: list[Hit], entries: list[Entry], cleared: set[int], notes: tuple[str, ...], random: Random
) -> None:
    shuffled = random.sample(hits, len(hits))

    assert _judge(shuffled, *entries, cleared=cleared, notes=notes) == _judge(
        hits, *entries, cleared=cleared, notes=notes
    )


@given(HITS, _entries(), st.sets(BANNED), NOTES)
def test_the_verdict_is_that_of_the_weightiest_match(
    hits: list[Hit], entries: list[Entry], cleared: set[int], notes: tuple[str, ...]
) -> None:
    judgement = _judge(hits, *entries, cleared=cleared, notes=notes)

    counting = [match for match in judgement.matches if not match.set_aside]
    assert (judgement.verdict == "block") == any(match.blocks for match in counting)
    assert judgement.leading == (counting[0] if counting else None)
    if counting:
        assert judgement.verdict != "allow"
        assert judgement.leading is not None
        assert judgement.leading.blocks == (judgement.verdict == "block")
    bands = ["exact", "block", "hold"]
    weights = [(match.blocks, -bands.index(match.band), -match.hit.distance) for match in counting]
    assert weights == sorted(weights, reverse=True)
    assert list(judgement.matches[: len(counting)]) == counting, "what counts comes first"


@given(HITS, _entries(), st.sets(BANNED), NOTES)
def test_entries_that_are_not_active_count_for_nothing(
    hits: list[Hit], entries: list[Entry], gone: set[int], notes: tuple[str, ...]
) -> None:
    active = [entry for entry in entries if entry.banned not in gone]

    assert _judge(hits, *active, notes=notes) == _judge(_without(hits, gone), *active, notes=notes)


@given(HITS, _entries(), NOTES, st.data())
def test_one_more_entry_that_is_hit_never_lowers_the_verdict(
    hits: list[Hit], entries: list[Entry], notes: tuple[str, ...], data: st.DataObject
) -> None:
    candidates = [entry.banned for entry in entries if entry.action != "allow"]
    assume(candidates)
    added = {data.draw(st.sampled_from(candidates))}

    before = _judge(_without(hits, added), *entries, notes=notes)
    after = _judge(hits, *entries, notes=notes)

    assert RANK[after.verdict] >= RANK[before.verdict]


@given(HITS, _entries(), NOTES)
def test_an_allowed_picture_only_ever_lowers_the_verdict(
    hits: list[Hit], entries: list[Entry], notes: tuple[str, ...]
) -> None:
    without = _judge(_without(hits, _with_action(entries, "allow")), *entries, notes=notes)

    assert RANK[_judge(hits, *entries, notes=notes).verdict] <= RANK[without.verdict]


@given(HITS, _entries(), NOTES)
def test_an_exact_allowed_copy_is_always_allowed(
    hits: list[Hit], entries: list[Entry], notes: tuple[str, ...]
) -> None:
    judgement = _judge([*hits, _exact(9)], *entries, _entry(9, action="allow"), notes=notes)

    assert (judgement.verdict, judgement.reason) == ("allow", "allowlisted")


@given(HITS, _entries(("block", "hold", "monitor")), NOTES, st.integers(0, 2))
def test_a_near_allowed_picture_changes_nothing_beyond_its_view(
    hits: list[Hit], entries: list[Entry], notes: tuple[str, ...], view: int
) -> None:
    elsewhere = [hit for hit in hits if hit.view != view or "inset" in hit.variant]
    there = [hit for hit in hits if hit not in elsewhere and hit.method == CODE]
    near = _code(9, view=view)
    found = _judge([*elsewhere, *there, near], *entries, _entry(9, action="allow"), notes=notes)

    rivals = {entry.banned: entry for entry in entries if entry.action != "monitor"}
    counting = [hit for hit in there if hit.banned in rivals and band_of(hit, rivals[hit.banned])]
    exactly = any(hit.view == WHOLE and hit.banned in rivals for hit in hits)
    explains = nearer([near], counting) and not exactly
    assert (
        found.verdict
        == _judge(elsewhere if explains else [*elsewhere, *there], *entries, notes=notes).verdict
    )


@given(HITS, _entries(), st.sets(BANNED), NOTES)
def test_lists_that_only_watch_change_no_verdict_and_are_recorded(
    hits: list[Hit], entries: list[Entry], cleared: set[int], notes: tuple[str, ...]
) -> None:
    watching = _with_action(entries, "monitor")
    by_number = {entry.banned: entry for entry in entries}

    judgement = _judge(hits, *entries, cleared=cleared, notes=notes)

    without = _judge(_without(hits, watching), *entries, cleared=cleared, notes=notes)
    assert judgement.verdict == without.verdict
    placed = [hit for hit in hits if hit.banned in watching and band_of(hit, by_number[hit.banned])]
    recorded = [match for match in judgement.matches if match.hit.banned in watching]
    assert len(recorded) == len(placed)
    assert all(match.set_aside for match in recorded)


@given(HITS, _entries(), NOTES)
def test_nothing_blocks_but_a_blocking_list(
    hits: list[Hit], entries: list[Entry], notes: tuple[str, ...]
) -> None:
    holding = [entry if entry.action != "block" else replace(entry, suspended=True) for entry in entries]

    suspended = _judge(hits, *holding, notes=notes)

    assert suspended.verdict != "block"
    judgement = _judge(hits, *entries, notes=notes)
    assert (suspended.verdict == "allow") == (judgement.verdict == "allow"), (
        "suspending holds, it lets nothing through"
    )


@given(HITS, _entries(), st.sets(BANNED), NOTES)
def test_clearing_a_pair_is_as_if_it_had_not_been_found(
    hits: list[Hit], entries: list[Entry], cleared: set[int], notes: tuple[str, ...]
) -> None:
    cleared -= _with_action(entries, "allow")

    judgement = _judge(hits, *entries, cleared=cleared, notes=notes)

    assert judgement.verdict == _judge(_without(hits, cleared), *entries, notes=notes).verdict
    assert all(match.set_aside for match in judgement.matches if match.hit.banned in cleared)


@given(HITS, _entries(), st.sets(BANNED))
def test_what_a_cut_off_search_lets_through_is_an_exact_allowed_copy(
    hits: list[Hit], entries: list[Entry], cleared: set[int]
) -> None:
    complete = _judge(hits, *entries, cleared=cleared)

    cut_off = _judge(hits, *entries, cleared=cleared, notes=(TIME_EXCEEDED,))

    assert cut_off.matches == complete.matches
    exactly = _with_action(entries, "allow") & {hit.banned for hit in hits if hit.view == WHOLE}
    if complete.verdict != "allow" or exactly:
        assert (cut_off.verdict, cut_off.reason) == (complete.verdict, complete.reason)
    else:
        assert (cut_off.verdict, cut_off.reason) == ("hold", "search_cut_off")


# How matches are listed.


@pytest.mark.parametrize(
    ("hits", "order"),
    [
        # By band before distance and number.
        ([_code(1, 0), _exact(2)], [2, 1]),
        ([Hit(1, "other/1", 0, band="hold"), _code(2, 10)], [2, 1]),
        # Then by distance, then by number.
        ([_code(1, 11), _code(2, 10)], [2, 1]),
        ([_code(2, 10), _code(1, 10)], [1, 2]),
    ],
)
@pytest.mark.parametrize("action", ["block", "hold"])
def test_the_strongest_match_leads(action: str, hits: list[Hit], order: list[int]) -> None:
    judgement = _judge(hits, _entry(1, action), _entry(2, action))

    assert [match.hit.banned for match in judgement.matches] == order


def test_a_match_says_why_it_was_set_aside() -> None:
    allowed, banned, watched = _entry(1, "allow"), _entry(2), _entry(3, "monitor")

    by_list = _judge([_exact(1), _code(2)], allowed, banned)
    by_monitor = _judge([_exact(3)], watched)
    by_person = _judge([_code(2)], banned, cleared={2})

    assert [match.set_aside for match in by_list.matches] == ["allowlisted", "allowlisted"]
    assert [match.set_aside for match in by_monitor.matches] == ["monitor"]
    assert [match.set_aside for match in by_person.matches] == ["cleared"]
