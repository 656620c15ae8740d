"""From a picture to what a blocklist entry keeps of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from moderation import storage
from moderation.conf import get_settings
from moderation.domain.algorithms import algorithm_named
from moderation.domain.analysis import Analysis, Encoded
from moderation.domain.fingerprints import format_code
from moderation.exceptions import DecisionRefused, PictureMissing
from moderation.models import Upload
from moderation.services import files
from moderation.services.decoder import decoder
from moderation.services.rescans import rescreening


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture that is about to be banned or allowed."""

    analysis: Analysis
    source: str
    upload_id: int | None = None
    data: bytes = field(default=b"", repr=False)
    """The file as it came, where it is not that of an upload."""

    @property
    def is_hash(self) -> bool:
        """Whether a hash is all that there is."""
        return not self.analysis.sha256


def picture_from_bytes(data: bytes, *, source: str = "file") -> Picture:
    """Decode in the sandbox. Raises :class:`ImageRefused` and :class:`SandboxFailure` children."""
    return Picture(decoder().analyse(data, get_settings().analysis(evidence=True)), source, data=data)


def picture_of_upload(upload: Upload) -> Picture:
    """Return an upload's picture, from its re-encoding, known by the digests of what was really sent.

    Raises :class:`DecisionRefused` where no readable picture was kept.
    """
    encoded: Encoded | None = rescreening.clean_file(upload)
    if encoded is not None:
        data = encoded.data
    elif upload.original:
        try:
            data = storage.read(storage.quarantine(), upload.original)
        except FileNotFoundError as error:
            raise PictureMissing from error
    else:
        raise DecisionRefused(
            "No picture of this upload was kept, so it cannot be banned. Ban a file instead."
        )
    picture = picture_from_bytes(data, source=f"upload:{upload.reference}")
    pixels = bytes(upload.pixels) if upload.pixels else picture.analysis.pixels
    analysis = replace(picture.analysis, sha256=bytes(upload.sha256), pixels=pixels)
    return Picture(analysis, picture.source, upload.pk)


def fingerprints(*, data: bytes, algorithms: Sequence[str] = ()) -> dict[str, str]:
    """Return the code of the picture as it is by versioned algorithm, as text; none of a flat one. Of a picture that is
    flat but for what a border encloses, the code of that.

    Raises :class:`UnknownAlgorithm`, :class:`ImageRefused` and :class:`SandboxFailure` children.
    """
    options = get_settings().analysis(local=False)
    if algorithms:
        options = replace(options, algorithms=tuple(algorithm_named(name).name for name in algorithms))
    codes: dict[str, str] = {}
    for code in decoder().analyse(data, options).queries:
        codes.setdefault(code.algorithm, format_code(code.bits))
    return codes


def keep_evidence(picture: Picture) -> str:
    """Write the evidence still to quarantine; its name, empty where there is none."""
    evidence = picture.analysis.evidence
    return files.keep_private(evidence, folder="evidence") if evidence else ""
