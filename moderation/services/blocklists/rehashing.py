"""Codes of algorithms that are new in the settings, or of a new version, for what is there already; and
signatures of the second tier likewise (:mod:`~moderation.services.blocklists.local_rehashing`).

Entries are computed from their evidence, uploads from our re-encoding. What was imported as a hash, or
whose picture was not kept, cannot be computed again: it stays as it is, and is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from moderation import storage
from moderation.conf import get_settings
from moderation.domain.algorithms import ALGORITHMS
from moderation.domain.analysis import Analysis
from moderation.domain.local.index import METHOD
from moderation.domain.policy import LOCAL
from moderation.exceptions import ModerationError, PictureMissing
from moderation.models import (
    BannedImage,
    BannedSigns,
    BlocklistChange,
    Fingerprint,
    Upload,
    UploadFingerprints,
    UploadSigns,
)
from moderation.selectors import state
from moderation.services import revision
from moderation.services.blocklists import local_rehashing, signing
from moderation.services.decoder import decoder
from moderation.services.rescans import rescan, rescreening
from moderation.services.revision import Change
from moderation.services.search import evidence, local
from moderation.services.uploads import screening

ENTRIES_PER_REVISION = 100
"""Entries in one revision."""
ROWS_PER_FETCH = 500

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something whose codes cannot be computed."""

    kind: str
    """``entry`` or ``upload``."""
    pk: int
    reason: str
    """``imported``, ``no_picture``, ``file_missing``, ``flat``, or the code of an error."""


@dataclass(slots=True)
class Rehashed:
    """What was done."""

    entries: int = 0
    uploads: int = 0
    codes: int = 0
    """New ones, of entries and uploads together."""
    signatures: int = 0
    """The same of the second tier."""
    signs: int = 0
    """Entries and uploads that have evidence to be weighed by now."""
    left_out: int = 0
    revision: int | None = None
    rescans: list[int] = field(default_factory=list)
    """Searches among earlier uploads that it asks for; the caller has to run them."""


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What a command wants to hear."""

    left_out: Callable[[LeftOut], None] = lambda _one: None
    looked_at: Callable[[int], None] = lambda _count: None
    """Called with how many more entries or uploads are done."""


def wanted() -> list[str]:
    """Return the versioned names of what the settings search for, and this installation can compute."""
    chosen = [ALGORITHMS[name] for name in get_settings().algorithms]
    return [algorithm.qualified for algorithm in chosen]


def entries_to_do() -> QuerySet[BannedImage]:
    """Return the active entries, not flat, that lack a code of some wanted algorithm, or a signature."""
    active = BannedImage.objects.active().filter(flat=False)
    lacking = _lacks(Fingerprint.objects.filter(banned=OuterRef("pk")))
    return active.filter(lacking | local_rehashing.entries_lacking() | signing.entries_lacking()).order_by(
        "pk"
    )


def uploads_to_do() -> QuerySet[Upload]:
    """Return public and held uploads that lack one. Flat ones have none, so they are among them each time."""
    live = Upload.objects.open()
    lacking = _lacks(UploadFingerprints.objects.filter(upload=OuterRef("pk")))
    return live.filter(lacking | local_rehashing.uploads_lacking() | signing.uploads_lacking()).order_by("pk")


def _lacks(codes: QuerySet[Fingerprint] | QuerySet[UploadFingerprints]) -> Q:
    missing = Q(pk__in=[])
    for name in wanted():
        missing |= ~Q(Exists(codes.filter(algorithm=name)))
    return missing


def rehash(*, actor_id: str = "", callbacks: Callbacks | None = None) -> Rehashed:
    """Compute what is lacking. Uploads come first, so that the new codes of an entry find them."""
    work = _Work(actor_id, callbacks or Callbacks())
    work.uploads()
    work.entries()
    return work.report


@dataclass(frozen=True, slots=True)
class _Touched:
    """An entry whose codes are other ones now."""

    pk: int
    names: set[str]
    """Algorithms whose codes came or went."""
    before: set[str]
    """Algorithms that it had, where its signatures of the second tier are new; otherwise empty."""

    def said(self) -> dict[str, object]:
        """Return what the history has to say about it."""
        after = state.codes_of(self.pk)
        if not self.before:
            return {"codes": {name: after.get(name) for name in self.names}}
        signatures = {name for name in self.before.union(after) if name.startswith(LOCAL)}
        return {
            "codes": {name: after.get(name) for name in self.names | signatures},
            state.MUTED: after.get(state.MUTED),
        }


class _Work:
    def __init__(self, actor_id: str, callbacks: Callbacks) -> None:
        self.actor_id = actor_id
        self.callbacks = callbacks
        self.report = Rehashed()
        self.wanted = wanted()

    def uploads(self) -> None:
        for upload in _in_order(uploads_to_do()):
            self._upload(upload)
            self.callbacks.looked_at(1)
        if self.report.uploads:
            with revision.exclusive_change() as change:
                self._record(change, {"uploads": self.report.uploads}, {})

    def entries(self) -> None:
        batch: list[tuple[BannedImage, Analysis]] = []
        for entry in _in_order(entries_to_do()):
            analysis = self._analysis_of_entry(entry)
            if analysis:
                batch.append((entry, analysis))
            if len(batch) >= ENTRIES_PER_REVISION:
                self._store(batch)
                batch = []
            self.callbacks.looked_at(1)
        if batch:
            self._store(batch)

    def _upload(self, upload: Upload) -> None:
        def read() -> bytes | None:
            encoded = rescreening.clean_file(upload)
            return encoded.data if encoded else None

        analysis = self._analysis("upload", upload.pk, read)
        if analysis is None:
            return
        with revision.shared_lock() as state:
            row = Upload.objects.select_for_update().filter(pk=upload.pk, status__in=Upload.OPEN).first()
            if row is None:
                return
            rows = UploadFingerprints.objects.filter(upload=row)
            have = set(rows.values_list("algorithm", flat=True))
            fresh = [
                one
                for one in screening.code_rows(row, analysis, revision=state.number)
                if one.algorithm not in have
            ]
            signatures = local_rehashing.renew_upload(row, analysis)
            unsigned = not UploadSigns.objects.filter(upload=row).exists()
            if fresh or unsigned:
                evidence.remember(row, analysis)
            if fresh:
                UploadFingerprints.objects.bulk_create(fresh)
                rows.filter(algorithm__in=self._outdated(have)).delete()
            self.report.uploads += bool(fresh or signatures or unsigned)
            self.report.signs += unsigned
            self.report.codes += sum(len(one.places) for one in fresh)
            self.report.signatures += signatures

    def _analysis_of_entry(self, entry: BannedImage) -> Analysis | None:
        if not entry.evidence:
            imported = entry.source.startswith("import:")
            self._leave_out("entry", entry.pk, "imported" if imported else "no_picture")
            return None
        return self._analysis("entry", entry.pk, lambda: storage.read(storage.quarantine(), entry.evidence))

    def _analysis(self, kind: str, pk: int, read: Callable[[], bytes | None]) -> Analysis | None:
        try:
            data = read()
            if data is None:
                self._leave_out(kind, pk, "no_picture")
                return None
            analysis = decoder().analyse(data, get_settings().analysis())
            local.features_of(analysis)
        except (OSError, PictureMissing):
            self._leave_out(kind, pk, "file_missing")
            return None
        except ModerationError as error:
            self._leave_out(kind, pk, error.code)
            return None
        if analysis.flat:
            if kind == "entry":
                self._leave_out(kind, pk, "flat")
            return None
        return analysis

    def _leave_out(self, kind: str, pk: int, reason: str) -> None:
        self.report.left_out += 1
        self.callbacks.left_out(LeftOut(kind, pk, reason))

    def _store(self, batch: list[tuple[BannedImage, Analysis]]) -> None:
        with revision.exclusive_change() as change:
            fresh: list[Fingerprint] = []
            touched: list[_Touched] = []
            done = signatures = 0
            active = BannedImage.objects.active()
            still = set(active.filter(pk__in=[entry.pk for entry, _ in batch]).values_list("pk", flat=True))
            for entry, analysis in batch:
                if entry.pk not in still:
                    continue
                before = set(state.codes_of(entry.pk))
                renewed = local_rehashing.renew_entry(entry, analysis, at_revision=change.revision)
                rows = Fingerprint.objects.filter(banned=entry)
                have = set(rows.values_list("algorithm", flat=True))
                new = [code for code in analysis.enrolment if code.algorithm not in have]
                fresh += [
                    Fingerprint(
                        banned=entry,
                        algorithm=code.algorithm,
                        bits=code.bits,
                        variant=code.variant[:80],
                        revision=change.revision,
                    )
                    for code in new
                ]
                outdated = self._outdated(have)
                rows.filter(algorithm__in=outdated).delete()
                unsigned = not BannedSigns.objects.filter(banned=entry).exists()
                if new or unsigned:
                    evidence.enrol(entry, analysis)
                self.report.signs += unsigned
                if new or renewed or outdated:
                    names = {code.algorithm for code in new}.union(outdated)
                    touched.append(_Touched(entry.pk, names, before if renewed else set()))
                done += bool(new or renewed or unsigned)
                signatures += renewed
            if not done:
                return
            Fingerprint.objects.bulk_create(fresh)
            self.report.entries += done
            self.report.codes += len(fresh)
            self.report.signatures += signatures
            methods = {row.algorithm for row in fresh} | ({METHOD} if signatures else set())
            said = {str(one.pk): one.said() for one in touched}
            self._record(change, {"entries": done, "algorithms": sorted(methods)}, {"entries": said})

    def _outdated(self, have: set[str]) -> list[str]:
        """Return other versions of what has just been computed: nothing compares with them any more."""
        names = {name.partition("/")[0] for name in self.wanted}
        return [name for name in have if name not in self.wanted and name.partition("/")[0] in names]

    def _record(self, change: Change, detail: dict[str, object], said: dict[str, object]) -> None:
        kind = BlocklistChange.Kind.REHASH
        change.record(kind=kind, actor_id=self.actor_id, detail=detail, said=said)
        self.report.revision = change.revision
        # Everything against everything: old entries may find old uploads by the new codes.
        rescan.ask_once(asked=self.report.rescans, since_revision=0)


def _in_order(rows: QuerySet[Row]) -> Iterator[Row]:
    """Yield rows by key, a few at a time: while they are worked on, they drop out of the query."""
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:ROWS_PER_FETCH]):
        yield from batch
        last = batch[-1].pk
