"""The whole way from bytes to an :class:`~moderation.domain.analysis.Analysis`. Runs in the sandbox's child process."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from moderation.domain.analysis import VIEWS_UNSEARCHED, Analysis, AnalysisOptions, Code, Encoded, WholeHash
from moderation.domain.imaging.decoding import check_the_rest, decode, frames_to_enrol, frames_to_publish
from moderation.domain.imaging.encoding import animation_side, encode, encode_evidence, shrink
from moderation.domain.imaging.ground import WHITE, Ground, on_ground
from moderation.domain.imaging.opened import Frame
from moderation.domain.imaging.opening import measure, open_picture, refusing
from moderation.domain.quality import ENROLMENT_FLOOR, QUERY_FLOOR
from moderation.domain.variants import Codes, codes_of_views
from moderation.domain.views import Seen, Views
from moderation.domain.whole import NAME, codes_of_whole, hash_of

LOCAL_VIEWS = 96
"""Most views of one upload that the second tier looks at; each costs about 20 ms and crosses the wall with 130 KB. An
upload with more that differ is held: what was not looked at passes nothing."""
BAN_VIEWS = 60
"""Most views of an animation that a ban covers, those that are shown longest."""


def analyse(data: bytes, options: AnalysisOptions) -> Analysis:
    """Return everything that is known of the picture in ``data``, from one decode.

    Raises a child of :class:`~moderation.exceptions.ImageRefused` for bytes that are no picture that we take, and
    :class:`~moderation.exceptions.UnknownAlgorithm`. :class:`MemoryError` passes through.
    """
    with refusing():
        opened = open_picture(data, options.limits)
        published, notes = frames_to_publish(opened, options.publishing)
        count = frames_to_enrol(opened) if options.every_frame else published
        seen, kept = Seen(), _Kept(options, count)
        side = options.publishing.max_side
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
    sha256 = hashlib.sha256(data).digest()
    views = seen.views(ground)
    frames = views.frames()
    entering = frames
    if options.every_frame and count > 1:
        entering = views.longest_shown(views.standing_for_all(frames), BAN_VIEWS)
    distinct = views.all()
    codes = codes_of_views(distinct, [name for name in options.algorithms if name != NAME], entering)
    queries, enrolment = _with_whole(codes, whole)
    quality = max(codes.quality)
    evidence = None
    if options.want_evidence:
        sharpest = distinct[max(entering, key=lambda number: codes.quality[number])]
        evidence = encode_evidence(sharpest.colour, side=options.evidence_side)
    local, cut = _local(views, entering, count, options)
    return Analysis(
        probe=measure(opened),
        sha256=sha256,
        pixels=views.digest(apart=sha256 if opened.frames > count else b""),
        queries=queries,
        enrolment=enrolment,
        quality=quality,
        flat=not enrolment,
        signs=codes.signs,
        clean=clean,
        evidence=evidence,
        local=local,
        notes=notes + cut,
        enrolled=len(entering),
        left_out=_left_out(views, entering, opened.frames - count) if options.every_frame else 0,
    )


def _with_whole(codes: Codes, whole: WholeHash | None) -> tuple[tuple[Code, ...], tuple[Code, ...]]:
    """Add the codes of the whole picture, unless its views are flat: then it is only found as an exact copy."""
    flat = max(codes.quality) < QUERY_FLOOR
    queries, enrolment = codes_of_whole(whole) if whole and not flat else ((), ())
    if max(codes.quality) < ENROLMENT_FLOOR:
        enrolment = ()
    return codes.queries + queries, codes.enrolment + enrolment


def _local(
    views: Views, entering: list[int], count: int, options: AnalysisOptions
) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
    """Return the features of the second tier, and a note where a cap left some out."""
    if not options.want_local:
        return (), ()
    from moderation.domain.local.features import extract
    from moderation.domain.local.wire import features_to_bytes

    pictures = views.all()
    shown: Sequence[int] = range(len(pictures))
    if count > 1 and not options.publishing.transparency:
        shown = views.published()
    numbers = entering if options.every_frame else views.standing_for_all(shown)
    chosen = views.longest_shown(numbers, LOCAL_VIEWS)
    features = tuple(
        features_to_bytes(extract(np.asarray(pictures[number].colour), view=number)) for number in chosen
    )
    return features, (VIEWS_UNSEARCHED,) if len(numbers) > len(chosen) else ()


def _left_out(views: Views, entering: list[int], not_decoded: int) -> int:
    """Return how many views, or frames that were not decoded, a ban does not cover."""
    return len(views.standing_for_all(views.frames())) - len(entering) + not_decoded


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
