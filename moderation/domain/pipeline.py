"""The whole way from bytes to an :class:`~moderation.domain.analysis.Analysis`. Runs in the sandbox's child process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from moderation.domain.analysis import Analysis, AnalysisOptions, Encoded
from moderation.domain.imaging.canonical import View, views_of
from moderation.domain.imaging.decoding import Frame, decode, frames_to_publish
from moderation.domain.imaging.encoding import animation_side, encode, encode_evidence, shrink
from moderation.domain.imaging.opening import measure, open_picture, refusing
from moderation.domain.variants import codes_of_views


def analyse(data: bytes, options: AnalysisOptions) -> Analysis:
    """Everything that is known of the picture in ``data``, from one decode.

    Raises a child of :class:`~moderation.exceptions.ImageRefused` for bytes that are no picture that we take, and
    :class:`~moderation.exceptions.UnknownAlgorithm`. :class:`MemoryError` passes through.
    """
    with refusing():
        image = open_picture(data, options.limits)
        probe = measure(image, data, options.limits)
        count, notes = frames_to_publish(probe, options.publishing)
        side = options.publishing.max_side
        digest, views, kept = _Digest(), _DistinctViews(), _Kept(options, count)
        for number, frame in enumerate(decode(image, frames=count, side=side)):
            digest.add(frame)
            views.add(frame, number)
            kept.add(frame)
        clean = kept.encoded()
    codes = codes_of_views(list(views), options.algorithms)
    quality = max(codes.quality)
    evidence = None
    if options.want_evidence:
        sharpest = list(views)[codes.quality.index(quality)]
        evidence = encode_evidence(sharpest.colour, side=options.evidence_side)
    return Analysis(
        probe=probe,
        sha256=hashlib.sha256(data).digest(),
        pixels=digest.value(),
        queries=codes.queries,
        enrolment=codes.enrolment,
        quality=quality,
        flat=not codes.enrolment,
        clean=clean,
        evidence=evidence,
        notes=notes,
    )


class _Digest:
    """``pixels/1``: SHA-256 over size, mode and pixels of each published frame, upright and in sRGB."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, frame: Frame) -> None:
        picture = frame.image
        self._hash.update(f"{picture.mode} {picture.width}x{picture.height}\n".encode())
        self._hash.update(picture.tobytes())

    def value(self) -> bytes:
        return self._hash.digest()


class _DistinctViews:
    """The views in order of their first appearance; equal ones once."""

    def __init__(self) -> None:
        self._seen: dict[tuple[tuple[int, int], bytes], View] = {}

    def add(self, frame: Frame, number: int) -> None:
        for view in views_of(frame.image, frame=number):
            self._seen.setdefault((view.colour.size, hashlib.sha256(view.colour.tobytes()).digest()), view)

    def __iter__(self) -> Iterator[View]:
        return iter(self._seen.values())


class _Kept:
    """The frames at the size in which they will be published, if somebody wants them."""

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
        self._frames.append(Frame(shrink(frame.image, side), frame.duration))

    def encoded(self) -> Encoded | None:
        return encode(self._frames, quality=self._publishing.quality) if self._wanted else None
