"""The whole way from bytes to an :class:`~moderation.domain.analysis.Analysis`. Runs in the sandbox's child process."""

from __future__ import annotations

import hashlib

import numpy as np

from moderation.domain.analysis import Analysis, AnalysisOptions, Code, Encoded, WholeHash
from moderation.domain.imaging.canonical import Canonical, View
from moderation.domain.imaging.decoding import check_the_rest, decode, frames_to_publish
from moderation.domain.imaging.encoding import animation_side, encode, encode_evidence, shrink
from moderation.domain.imaging.ground import WHITE, Edges, Ground, ground_for, on_ground
from moderation.domain.imaging.opened import Frame
from moderation.domain.imaging.opening import measure, open_picture, refusing
from moderation.domain.quality import ENROLMENT_FLOOR, QUERY_FLOOR
from moderation.domain.variants import Codes, codes_of_views
from moderation.domain.whole import NAME, codes_of_whole, hash_of


def analyse(data: bytes, options: AnalysisOptions) -> Analysis:
    """Return everything that is known of the picture in ``data``, from one decode.

    Raises a child of :class:`~moderation.exceptions.ImageRefused` for bytes that are no picture that we take, and
    :class:`~moderation.exceptions.UnknownAlgorithm`. :class:`MemoryError` passes through.
    """
    with refusing():
        opened = open_picture(data, options.limits)
        probe = measure(opened)
        count, notes = frames_to_publish(opened, options.publishing)
        side = options.publishing.max_side
        seen, kept = _Seen(), _Kept(options, count)
        whole = None
        wants_whole = NAME in options.algorithms
        for number, frame in enumerate(decode(opened, frames=count, side=side, full=wants_whole)):
            if wants_whole and number == 0:
                whole = hash_of(frame)
            seen.add(frame)
            kept.add(frame)
        notes += check_the_rest(opened, published=count)
        ground = seen.ground()
        if ground is not WHITE and not options.publishing.transparency:
            notes += (f"ground_{ground.name}",)
        clean = kept.encoded(ground)
    views = seen.views(ground)
    distinct = views.distinct()
    codes = codes_of_views(distinct, [name for name in options.algorithms if name != NAME])
    queries, enrolment = _with_whole(codes, whole)
    quality = max(codes.quality)
    evidence = None
    if options.want_evidence:
        sharpest = distinct[codes.quality.index(quality)]
        evidence = encode_evidence(sharpest.colour, side=options.evidence_side)
    return Analysis(
        probe=probe,
        sha256=hashlib.sha256(data).digest(),
        pixels=views.digest(),
        queries=queries,
        enrolment=enrolment,
        quality=quality,
        flat=not enrolment,
        signs=codes.signs,
        clean=clean,
        evidence=evidence,
        local=_local(distinct, views.longest_shown(LOCAL_VIEWS)) if options.want_local else (),
        notes=notes + _cut(distinct, options),
    )


def _with_whole(codes: Codes, whole: WholeHash | None) -> tuple[tuple[Code, ...], tuple[Code, ...]]:
    """Add the codes of the whole picture, unless its views are flat: then it is only found as an exact copy."""
    flat = max(codes.quality) < QUERY_FLOOR
    queries, enrolment = codes_of_whole(whole) if whole and not flat else ((), ())
    if max(codes.quality) < ENROLMENT_FLOOR:
        enrolment = ()
    return codes.queries + queries, codes.enrolment + enrolment


LOCAL_VIEWS = 4
"""Views of one upload that the second tier looks at, those that are shown longest: each costs about 20 ms."""


def _local(views: list[View], chosen: list[int]) -> tuple[bytes, ...]:
    from moderation.domain.local.features import extract
    from moderation.domain.local.wire import features_to_bytes

    return tuple(
        features_to_bytes(extract(np.asarray(views[number].colour), view=number)) for number in chosen
    )


def _cut(views: list[View], options: AnalysisOptions) -> tuple[str, ...]:
    return ("local_views",) if options.want_local and len(views) > LOCAL_VIEWS else ()


class _Seen:
    """The published frames at canonical size."""

    def __init__(self) -> None:
        self._frames: list[tuple[Canonical, tuple[int, int], int]] = []
        self._edges: list[Edges] = []

    def add(self, frame: Frame) -> None:
        """Add the next frame."""
        canonical = Canonical(frame.image, frame=len(self._frames))
        self._frames.append((canonical, frame.image.size, frame.duration))
        if (edges := canonical.edges()) is not None:
            self._edges.append(edges)

    def ground(self) -> Ground:
        """Return the ground on which they are published."""
        return ground_for(self._edges)

    def views(self, ground: Ground) -> _Views:
        """Return the views of all frames."""
        views = _Views()
        for canonical, size, duration in self._frames:
            views.add(canonical.views(ground), size, duration)
        return views


class _Views:
    """The views in order of their first appearance, equal ones once; and the digest of them all."""

    def __init__(self) -> None:
        self._distinct: dict[bytes, View] = {}
        self._shown: dict[bytes, int] = {}
        self._order = hashlib.sha256()

    def add(self, views: list[View], size: tuple[int, int], duration: int) -> None:
        """Add the views of the next frame, whose picture has this size."""
        for view in views:
            digest = hashlib.sha256(f"{size[0]}x{size[1]}\n".encode())
            digest.update(view.colour.tobytes())
            self._order.update(digest.digest())
            self._distinct.setdefault(digest.digest(), view)
            self._shown[digest.digest()] = self._shown.get(digest.digest(), 0) + duration

    def distinct(self) -> list[View]:
        """Return the distinct views, numbered by their place."""
        return list(self._distinct.values())

    def longest_shown(self, most: int) -> list[int]:
        """Return the numbers of the views that are on screen longest: a flash of innocent frames in front hides
        nothing."""
        numbers = range(len(self._distinct))
        shown = list(self._shown.values())
        return sorted(sorted(numbers, key=lambda number: (-shown[number], number))[:most])

    def digest(self) -> bytes:
        """Return ``pixels/1``: SHA-256 over the sizes and canonical pictures of all published frames in their order.

        A picture saved anew without loss has the same; one of more than about 512 pixels is told from another only
        by what is left of it at that size.
        """
        return self._order.digest()


class _Kept:
    """The frames at the size in which they will be published, where the options ask for them."""

    def __init__(self, options: AnalysisOptions, count: int) -> None:
        self._publishing = options.publishing
        self._wanted = options.want_clean
        self._count = count
        self._frames: list[Frame] = []

    def add(self, frame: Frame) -> None:
        if not self._wanted:
            return
        side = self._publishing.max_side
        if self._count > 1:
            side = animation_side(frame.image.size, self._count, side)
        picture = shrink(frame.image, side)
        self._frames.append(Frame(picture, frame.duration))

    def encoded(self, ground: Ground) -> Encoded | None:
        if not self._wanted:
            return None
        if self._publishing.transparency:
            return encode(self._frames, quality=self._publishing.quality)
        opaque = [Frame(on_ground(frame.image, ground), frame.duration) for frame in self._frames]
        return encode(opaque, quality=self._publishing.quality)
