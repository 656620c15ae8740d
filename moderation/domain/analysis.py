"""What crosses the wall of the sandbox: options in, an :class:`Analysis` out.

Plain frozen data, picklable, without Pillow objects, so that nothing of a decoder's state leaves
the child process.
"""

from __future__ import annotations

from dataclasses import dataclass, field

VIEWS_UNSEARCHED = "local_views"
"""The note of an upload with more different views than the second tier may look at: for a person to look at."""

DEFAULT_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")

ORIENTATIONS = (
    "",
    "mirrored",
    "upside down, mirrored",
    "rotated 180",
    "transposed",
    "rotated 90",
    "rotated 270",
    "transversed",
)
"""In words; rotations are counter-clockwise, as Pillow counts. The first is the picture as it is."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused before a pixel is decoded."""

    max_bytes: int = 20 * 1024 * 1024
    max_pixels: int = 40_000_000
    """Width × height of one frame."""
    max_frames: int = 1_000
    formats: tuple[str, ...] = DEFAULT_FORMATS
    """Pillow's format names."""
    published_frames: int = 60
    """An animation of more frames is taken, and published as a still of its first; 1 where all are."""


@dataclass(frozen=True, slots=True)
class Publishing:
    """How the clean re-encoding is made."""

    max_side: int = 1024
    """Longest side in pixels; larger pictures are scaled down."""
    animated: bool = True
    """Whether animations stay animated (up to ``frame_cap`` frames)."""
    frame_cap: int = 60
    """An animation with more frames is published, and fingerprinted, as a still of its first."""
    quality: int = 85
    transparency: bool = False
    """Keep an alpha channel. Off, pictures are published on a ground on which the drawing shows, white where it does: a picture can be made that shows on grey
    what it shows neither on white nor on black, and no set of backgrounds catches them all."""


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """What to compute from one picture."""

    algorithms: tuple[str, ...] = ("dhash256", "phash256")
    """Names without version; the codes carry the version."""
    limits: Limits = field(default_factory=Limits)
    publishing: Publishing = field(default_factory=Publishing)
    """Also decides which frames are fingerprinted."""
    every_frame: bool = False
    """Look at every frame of an animation, published or not: for a ban."""
    want_clean: bool = False
    """Make the re-encoding that may be published."""
    want_evidence: bool = False
    """Make a still of at most ``evidence_side`` pixels for moderators."""
    evidence_side: int = 512
    want_local: bool = False
    """Make the features of the second tier (needs the extra ``local``)."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What the door learns from the header alone."""

    format: str
    width: int
    height: int
    frames: int


@dataclass(frozen=True, slots=True)
class Code:
    """One fingerprint of one variant of one view of a picture."""

    algorithm: str
    """With its version: ``dhash256/1``."""
    bits: bytes
    """Big-endian, most significant bit first, as imagehash's ``str()`` prints it."""
    view: int
    """Number of the view (a distinct frame on one background); variants of a view share it."""
    variant: str
    """In words: ``frame 3, on black, trimmed, rotated 90``; empty for the picture as it is."""


@dataclass(frozen=True, slots=True)
class PatchSigns:
    """Where one patch rises and falls: :mod:`moderation.domain.evidence.signs`."""

    view: int
    """Number of the view that it is a part of."""
    enters: bool
    """Whether it is part of a ban, and not only looked up."""
    data: bytes


@dataclass(frozen=True, slots=True)
class WholeHash:
    """PDQ of a picture as it is stored, with the reference's measure of how much there is to see."""

    turned: tuple[bytes, ...]
    """32 bytes for each orientation, the picture as it is first."""
    quality: int
    """0 to 100."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture that our own encoder wrote, without metadata."""

    data: bytes
    format: str
    """``JPEG``, ``PNG`` or ``WEBP``."""
    width: int
    height: int
    frames: int = 1


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that is known of a picture after its one decoding."""

    probe: Probe
    sha256: bytes
    """Of the bytes as they came, 32 bytes."""
    pixels: bytes
    """SHA-256 over the canonical decoded pixels (method ``pixels/1``), 32 bytes."""
    queries: tuple[Code, ...]
    """What is looked up in the index of banned codes when this picture is an upload. Flat views
    have none."""
    enrolment: tuple[Code, ...]
    """What enters the index when this picture is banned. ``screening(upload) finds ban`` means: one
    of the upload's ``queries`` lies within the radius of one of the ban's ``enrolment`` codes."""
    quality: float
    """0 (flat) to 1, of the most structured view."""
    flat: bool
    """No view has enough structure for a fingerprint."""
    clean: Encoded | None = None
    evidence: Encoded | None = None
    signs: tuple[PatchSigns, ...] = ()
    """What the evidence of a hit is read from, a record for each patch that has codes."""
    local: tuple[bytes, ...] = ()
    """Features of the second tier, one view each: :mod:`moderation.domain.local.wire`."""
    enrolled: int = 1
    """Views that a ban of it covers."""
    left_out: int = 0
    """With ``every_frame``: views, and frames that were too many to decode, that it does not cover."""
    notes: tuple[str, ...] = ()
    """What was left out by a cap, in short machine codes: never silent."""
