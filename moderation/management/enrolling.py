"""What ``ban`` and ``allow`` share: files go onto a list one by one, and one that fails stops nobody."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from moderation import selectors
from moderation.exceptions import ImageRefused, ModerationError, UnknownBlocklist
from moderation.management.base import JsonCommand, printable, wrong_usage
from moderation.management.pictures import PictureFile, files_under, read, record_refusal
from moderation.models import Blocklist
from moderation.services.blocklists import enrolment
from moderation.services.blocklists.banning import BanResult
from moderation.services.blocklists.enrolment import Picture
from moderation.services.blocklists.opposites import Opposite


def in_json(found: Iterable[Opposite]) -> list[dict[str, Any]]:
    """Return the entries of the other side, for a line of JSON."""
    return [
        {
            "banned": one.banned,
            "blocklist": one.blocklist,
            "distances": dict(one.distances),
            "wins": one.words,
        }
        for one in found
    ]


class EnrolCommand(JsonCommand):
    """Children say how a decoded picture is entered, with :meth:`enter`."""

    def chosen_list(self, options: dict[str, Any]) -> Blocklist:
        """Return the list of ``--blocklist``; an unknown one is wrong usage."""
        try:
            return selectors.blocklist_named(options["blocklist"])
        except UnknownBlocklist as error:
            raise wrong_usage(str(error)) from error

    def enter_all(self, paths: list[Path], blocklist: Blocklist, options: dict[str, Any]) -> None:
        """Print one line for each file, in their order."""
        found = list(files_under(paths))
        with self.progress("pictures", total=len(found)) as progress:
            for one in found:
                if isinstance(one, Path):
                    self._one(one, blocklist, options)
                else:
                    path, error = one
                    self.emit_error(error, self.values(path, blocklist), printable(path))
                progress.advance()

    def enter(
        self, picture: Picture, file: PictureFile, blocklist: Blocklist, options: dict[str, Any]
    ) -> None:
        """Put one decoded picture onto the list and write its line."""
        raise NotImplementedError

    def entered(
        self, file: PictureFile, blocklist: Blocklist, result: BanResult, extra: dict[str, Any], words: str
    ) -> None:
        """Print the line of a picture that is on the list now."""
        values = {
            **self.values(file.path, blocklist),
            "banned": result.banned.pk,
            "created": result.created,
            "revision": result.revision,
            **extra,
        }
        self.emit(values, f"{printable(file.path)}: {words}")

    def _one(self, path: Path, blocklist: Blocklist, options: dict[str, Any]) -> None:
        try:
            file = read(path)
            try:
                picture = enrolment.picture_from_bytes(file.data)
            except ImageRefused as refusal:
                record_refusal(file, refusal)
                raise
            self.enter(picture, file, blocklist, options)
        except ModerationError as error:
            self.emit_error(error, self.values(path, blocklist), printable(path))

    def values(self, path: Path, blocklist: Blocklist) -> dict[str, Any]:
        """Return what the line of any file says."""
        return {
            "path": printable(path),
            "banned": None,
            "blocklist": blocklist.slug,
            "created": False,
            "revision": None,
        }
