"""Judge an upload again from its stored codes and our own re-encoding, never from the bytes as they came."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from moderation import selectors, storage
from moderation.conf import get_settings
from moderation.domain.analysis import Code, Encoded
from moderation.domain.local.signature import LocalFeatures
from moderation.domain.policy import Judgement
from moderation.exceptions import (
    DecoderCrashed,
    DecoderOutOfMemory,
    DecoderTimeout,
    ImageRefused,
    PictureMissing,
    ScreeningContended,
)
from moderation.models import Clearance, LocalFingerprint, Screening, Upload, UploadFingerprints
from moderation.services import revision
from moderation.services.decoder import decoder
from moderation.services.locking import locked
from moderation.services.revision import RevisionState
from moderation.services.search import evidence, local, local_known, matching
from moderation.services.search.matching import Subject
from moderation.services.uploads import screening
from moderation.services.uploads.publication import Publication

logger = logging.getLogger("moderation.rescreening")
FORMATS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}


def stored_codes(upload: Upload) -> tuple[Code, ...]:
    """Return the queries of the upload's screening."""
    codes: list[Code] = []
    for row in UploadFingerprints.objects.filter(upload=upload).order_by("algorithm"):
        data = bytes(row.codes)
        width = len(data) // max(len(row.places), 1)
        codes += [
            Code(row.algorithm, data[place * width : (place + 1) * width], view, variant)
            for place, (view, variant) in enumerate(row.places)
        ]
    return tuple(codes)


def subject_of(upload: Upload) -> Subject:
    """Return the upload as matching sees it, with the pairs that humans have cleared.

    Where the second tier is used, our own re-encoding is decoded for it. Its hits of earlier screenings
    count on, since a re-encoding may fall just short of what the original showed. Raises
    :class:`SandboxFailure` children.
    """
    cleared = Clearance.objects.filter(upload=upload).values_list("banned_id", flat=True)
    features, notes = _looked_at(upload) if LocalFingerprint.objects.exists() else ((), ())
    return Subject(
        sha256=bytes(upload.sha256),
        pixels=bytes(upload.pixels) if upload.pixels else None,
        queries=stored_codes(upload),
        signs=evidence.signs_of_upload(upload),
        cleared=frozenset(cleared),
        features=features,
        known=tuple(local_known.earlier_hits(upload.pk)),
        tenant=upload.tenant,
        notes=notes,
    )


def features_of(upload: Upload) -> tuple[LocalFeatures, ...]:
    """Return features for the second tier, from our own re-encoding; nothing where the tier is off or the picture
    cannot be read."""
    return _looked_at(upload)[0]


def _looked_at(upload: Upload) -> tuple[tuple[LocalFeatures, ...], tuple[str, ...]]:
    """Return features, and what a cap kept from them."""
    if not (upload.reencoded and selectors.local_wanted()):
        return (), ()
    try:
        encoded = clean_file(upload)
        if encoded is None:
            return (), ()
        analysis = decoder().analyse(encoded.data, get_settings().analysis())
        return local.features_of(analysis), matching.unsearched(analysis)
    except (PictureMissing, ImageRefused, DecoderCrashed, DecoderTimeout, DecoderOutOfMemory) as error:
        # What is stored still tells copies: better judged without the second tier than not at all.
        logger.warning("upload %s is judged again without its picture: %s", upload.pk, error.code)
        return (), ()


def clean_file(upload: Upload) -> Encoded | None:
    """Return the re-encoding in quarantine, ready to be published; None where none was made or kept.

    Raises :class:`PictureMissing` where the file that the row names is gone.
    """
    if not upload.reencoded:
        return None
    try:
        data = storage.read(storage.quarantine(), upload.reencoded)
    except FileNotFoundError as error:
        raise PictureMissing from error
    extension = upload.reencoded.rpartition(".")[2]
    return Encoded(data, FORMATS[extension], upload.published_width or 0, upload.published_height or 0)


def rescreen(*, upload_id: int, occasion: str = "rescan") -> str | None:
    """Return the upload's new status, or None where it is not open to an automatic verdict any more."""
    upload = Upload.objects.open().filter(pk=upload_id).first()
    if upload is None or not upload.reencoded:
        return None
    started = time.perf_counter()
    publication = Publication(upload, lambda: clean_file(upload))

    def prepare(preview: Judgement) -> None:
        if upload.status == Upload.Status.HELD:
            publication.prepare(preview)

    def write(state: RevisionState, judgement: Judgement) -> str | None:
        row = locked(upload)
        if row is None or row.status != upload.status or row.withdrawn_at is not None:
            return None
        if row.reencoded != upload.reencoded:
            return None
        judged = Screening.objects.filter(upload_id=row.pk, revision=state.number)
        if judged.exclude(occasion__in=("failure", "review")).exists():
            return row.status
        screening.record(row, judgement, state=state, occasion=occasion, started=started)
        if row.by_person and row.status == Upload.Status.APPROVED and judgement.verdict == "allow":
            # The machine agrees with a person: decision and reason stay the person's.
            row.revision = state.number
            row.save(update_fields=["revision"])
            return row.status
        screening.settle(row, judgement, state=state, publication=publication)
        return row.status

    try:
        return _concluded(upload, prepare, write)
    finally:
        publication.close()


def _concluded(
    upload: Upload,
    prepare: Callable[[Judgement], None],
    write: Callable[[RevisionState, Judgement], str | None],
) -> str | None:
    """Run :func:`matching.conclude`, with a new subject where what earlier screenings found has changed meanwhile."""
    for _ in range(matching.ROUNDS):
        since = revision.current().number

        def write_unless_changed(
            state: RevisionState, judgement: Judgement, since: int = since
        ) -> str | None:
            if state.number > since and local_known.background_changed(since):
                raise _Overtaken
            return write(state, judgement)

        try:
            return matching.conclude(subject_of(upload), prepare=prepare, write=write_unless_changed)
        except _Overtaken:
            continue
    raise ScreeningContended


class _Overtaken(Exception):
    """What earlier screenings found does not count as it did when the subject was made."""


def look_again(*, upload_id: int) -> None:
    """Write down what an upload matches now, for whoever decides about it, and change nothing else."""
    upload = Upload.objects.get(pk=upload_id)
    started = time.perf_counter()

    def write(state: RevisionState, judgement: Judgement) -> None:
        screening.record(upload, judgement, state=state, occasion="review", started=started)

    matching.conclude(subject_of(upload), prepare=lambda _preview: None, write=write)
