"""``manage.py screen``."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from moderation.conf import get_settings
from moderation.domain.policy import LOCAL, JudgedMatch, Judgement
from moderation.domain.reasons import label_of
from moderation.exceptions import (
    ImageRefused,
    ModerationError,
    SandboxBusy,
    SandboxFailure,
    SandboxUnavailable,
)
from moderation.management.base import JsonCommand, printable
from moderation.management.pictures import add_paths, files_under, read
from moderation.services import revision
from moderation.services.decoder import decoder
from moderation.services.desk import overlay
from moderation.services.search import matching
from moderation.services.search.index import banned_codes
from moderation.services.search.matching import Subject


class Command(JsonCommand):
    help = (
        "Say what a screening would say about pictures. Nothing is stored: no upload, no history. Folders are "
        "walked. Exit status 0 when every file got an answer, whatever it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_paths(parser)
        parser.add_argument(
            "--explain",
            metavar="DIR",
            type=Path,
            help="Write there, for each match of the second tier, the file laid over the banned image: agreeing "
            "tiles green, disagreeing ones red. It shows the file, so keep the folder as private.",
        )

    def conclusion(self) -> str:
        return f"{self.faults} of {self.lines} got no answer."

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(files_under(options["paths"]))
        self._explain_in: Path | None = options["explain"]
        if self._explain_in is not None:
            self._explain_in.mkdir(parents=True, exist_ok=True)
        _warm_up()
        with self.progress("pictures", total=len(found)) as progress:
            for one in found:
                path, error = (one, None) if isinstance(one, Path) else one
                try:
                    if error:
                        raise error
                    self._screen(path)
                except ModerationError as failure:
                    self.emit_error(failure, {"path": printable(path), "verdict": None}, printable(path))
                progress.advance()

    def _screen(self, path: Path) -> None:
        file = read(path)
        started = time.perf_counter()
        try:
            analysis = decoder().analyse(file.data, get_settings().analysis())
        except ImageRefused as refusal:
            self._answer(path, "refused", refusal.code, str(refusal), started)
        except (SandboxBusy, SandboxUnavailable):
            raise
        except SandboxFailure as failure:
            # What an upload comes to after its last attempt.
            self._answer(path, "hold", failure.code, str(failure), started)
        else:
            subject = Subject.of(analysis)
            seen = matching.provisional(subject)
            snapshot, judgement = seen.snapshot, seen.judgement
            self._explain(path, subject, judgement)
            message = _in_words(judgement)
            self._answer(
                path,
                judgement.verdict,
                judgement.reason,
                message,
                started,
                number=snapshot.state.number,
                matches=judgement.matches,
            )

    def _explain(self, path: Path, subject: Subject, judgement: Judgement) -> None:
        if self._explain_in is None:
            return
        for match in judgement.matches:
            if match.hit.method.startswith(LOCAL):
                picture = overlay.of_features(subject.features, banned_id=match.hit.banned)
                if picture is not None:
                    name = f"{path.stem}-shows-{match.hit.banned}.png"
                    (self._explain_in / name).write_bytes(picture)

    def _answer(
        self,
        path: Path,
        verdict: str,
        reason: str,
        message: str,
        started: float,
        *,
        number: int | None = None,
        matches: tuple[JudgedMatch, ...] = (),
    ) -> None:
        elapsed = round((time.perf_counter() - started) * 1000, 2)
        values = {
            "path": printable(path),
            "verdict": verdict,
            "reason": reason,
            "message": message,
            "matches": [_match(match) for match in matches],
            "revision": revision.current().number if number is None else number,
            "elapsed_ms": elapsed,
        }
        self.emit(values, f"{printable(path)}: {verdict} ({reason}): {message} [{elapsed:.1f} ms]")


def _warm_up() -> None:
    """Warm up, so that the first file's time is that of a site which is running. What fails will fail again below."""
    with contextlib.suppress(ModerationError):
        decoder().containment()
        banned_codes.catch_up()


def _match(match: JudgedMatch) -> dict[str, Any]:
    return {
        "banned": match.hit.banned,
        "blocklist": match.entry.blocklist,
        "method": match.hit.method,
        "distance": match.hit.distance,
        "variant": match.hit.variant,
        "radius": match.radius,
        "band": match.band,
        "view": match.hit.view,
        "set_aside": match.set_aside,
        "evidence": match.hit.evidence and match.hit.evidence.details(),
    }


def _in_words(judgement: Judgement) -> str:
    words = label_of(judgement.reason)
    first = judgement.leading or (judgement.matches[0] if judgement.matches else None)
    if first is None:
        return words
    where = f"entry {first.hit.banned} of “{first.entry.blocklist}”"
    how = f"{first.hit.method} at {first.hit.distance} of {first.radius}"
    if first.hit.evidence:
        how += f", {first.hit.evidence.agree} of {first.hit.evidence.places} particular places agree"
    return f"{words} ({where}, {how}{f', {first.hit.variant}' if first.hit.variant else ''})"
