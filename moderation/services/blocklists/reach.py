"""What a ban would do to earlier uploads, before it is made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db.models import Q, QuerySet

from moderation import selectors
from moderation.domain.analysis import Analysis, Code
from moderation.domain.local.features import BAN_KEYPOINTS
from moderation.models import Blocklist, Upload
from moderation.services import revision
from moderation.services.rescans import local_reach
from moderation.services.rescans.local_reach import Sample
from moderation.services.search import evidence, local
from moderation.services.search.earlier import earlier_uploads


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An earlier upload and how near it is; ``distance`` 0 and ``method`` sha256 or pixels/1 for exact."""

    upload_id: int
    method: str
    distance: int
    band: str
    """``block``, ``hold``, or ``outside`` for the nearest beyond both."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the second tier says of the newest uploads, those aside that the fingerprints reach."""

    looked_at: int
    uploads: tuple[int, ...]
    """Those that may show the ban; to be sure, they are decoded when it is made."""
    users: int
    closely: int
    """How many were decoded already."""
    shown: int
    """In how many of those the tier would find it."""

    @property
    def background(self) -> bool:
        """Whether so many people's pictures agree with it that it is what they have in common: a wall, a
        template. Or a wave of crops, which a moderator had better see, too."""
        return self.shown >= COMMON and self.users >= COMMON and self.shown * 2 > self.closely


COMMON = 5
"""Pictures, and people, from which what they share counts as a background."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Earlier uploads, public or held, that a ban would hit."""

    block: int
    hold: int
    """Within the hold radius and not the block radius."""
    users: int
    neighbours: tuple[Neighbour, ...]
    """The nearest first, a few of each band."""
    parts: Parts | None = None
    """Where the second tier is used and a picture is banned."""
    plain: bool = False
    """Too little of the picture is particular to it: it can be found, but a person decides."""


LOOK_OUTSIDE = 16
"""Bits beyond the hold radius in which the nearest misses are shown."""
PARAMETERS = 10_000
"""Of one statement; PostgreSQL takes 65,535."""


def reach_of(
    analysis: Analysis,
    *,
    blocklist: Blocklist,
    exact_only: bool = False,
    radii: selectors.Radii | None = None,
    shown: int = 6,
    sample: Sample | None = None,
) -> Reach:
    """Search the earlier uploads for what this picture would hit on this list. ``sample`` is what the second
    tier has found (:func:`sample_of`)."""
    bands = selectors.bands(revision.current().entries, blocklist.radii, radii)
    near: dict[int, Neighbour] = {}
    if not exact_only:
        wide = {name: min(band.hold + LOOK_OUTSIDE, 256) for name, band in bands.items() if band.hold >= 0}
        for upload, distances in earlier_uploads.within(analysis.enrolment, wide).items():
            near[upload] = min(
                (
                    Neighbour(upload, name, distance, _band(distance, bands[name].block, bands[name].hold))
                    for name, distance in distances.items()
                ),
                key=_order,
            )
    live = _live()
    exact = live.filter(Q(sha256=analysis.sha256) | Q(pixels=analysis.pixels))
    for upload in exact.values_list("pk", flat=True):
        near[upload] = Neighbour(upload, "exact", 0, "block")
    owners = _owners(live, sorted(near))
    # What has no signs, as a draft and a hash, is shown by distance: more than the ban will come to.
    inside_by_distance = [pk for pk in owners if near[pk].method != "exact" and near[pk].band != "outside"]
    weighed = evidence.weighed_uploads(analysis, inside_by_distance) if analysis.signs else {}
    found = sorted((_supported(near[pk], weighed.get(pk)) for pk in owners), key=_order)
    inside = [neighbour for neighbour in found if neighbour.band != "outside"]
    return Reach(
        block=sum(neighbour.band == "block" for neighbour in inside),
        hold=sum(neighbour.band == "hold" for neighbour in inside),
        users=len({owners[neighbour.upload_id] for neighbour in inside}),
        neighbours=tuple(
            neighbour
            for band in ("block", "hold", "outside")
            for neighbour in [found_one for found_one in found if found_one.band == band][:shown]
        ),
        parts=_parts(sample, {neighbour.upload_id for neighbour in inside}) if sample else None,
        plain=bool(analysis.signs) and not exact_only and not evidence.may_reject(analysis),
    )


def _supported(neighbour: Neighbour, band: str | None) -> Neighbour:
    """Return a neighbour in no stronger band than the evidence supports, where it was weighed."""
    if band is None or neighbour.band == "outside":
        return neighbour
    if band == "nothing":
        return replace(neighbour, band="outside")
    return neighbour if band == "block" else replace(neighbour, band="hold")


def reach_of_codes(codes: Iterable[Code], *, blocklist: Blocklist) -> int:
    """Return how many earlier uploads, public or held, hashes without pictures would hit on this list."""
    bands = selectors.bands(revision.current().entries, blocklist.radii)
    radii = {name: band.hold for name, band in bands.items() if band.hold >= 0}
    found = sorted(earlier_uploads.within(codes, radii))
    return len(_owners(_live(), found))


def sample_of(analysis: Analysis, *, blocklist: Blocklist) -> Sample | None:
    """Return what the second tier would find among the newest uploads; None where the list does not use it."""
    if not analysis.local or not used_by(blocklist):
        return None
    return local_reach.samples([local.features_of(analysis)[0].signature.strongest(BAN_KEYPOINTS)])[0]


def used_by(blocklist: Blocklist) -> bool:
    """Return whether the second tier looks for entries of this list."""
    return (
        selectors.local_wanted()
        and blocklist.local != Blocklist.Local.OFF
        and blocklist.action != Blocklist.Action.ALLOW
    )


def _live() -> QuerySet[Upload]:
    return Upload.objects.open()


def _parts(sample: Sample, inside: set[int]) -> Parts:
    uploads = tuple(upload for upload in sample.alike if upload not in inside)
    owners = Upload.objects.filter(pk__in=uploads).values_list("owner_type", "owner_id")
    return Parts(sample.looked_at, uploads, len(set(owners)), sample.closely, sample.shown)


def _owners(uploads: QuerySet[Upload], ids: list[int]) -> dict[int, tuple[str, str]]:
    owners: dict[int, tuple[str, str]] = {}
    for start in range(0, len(ids), PARAMETERS):
        rows = uploads.filter(pk__in=ids[start : start + PARAMETERS])
        owners |= {pk: (kind, owner) for pk, kind, owner in rows.values_list("pk", "owner_type", "owner_id")}
    return owners


def _band(distance: int, block: int, hold: int) -> str:
    if distance <= block:
        return "block"
    return "hold" if distance <= hold else "outside"


def _order(neighbour: Neighbour) -> tuple[int, int, int]:
    return ("block", "hold", "outside").index(neighbour.band), neighbour.distance, neighbour.upload_id
