"""The public file of one upload: written before the lock, claimed under it, or taken back."""

from __future__ import annotations

from collections.abc import Callable

from moderation.domain.analysis import Encoded
from moderation.domain.policy import Judgement
from moderation.models import Upload
from moderation.services import files


class Publication:
    """A file that may be published. ``load`` gives the re-encoding when it is needed."""

    def __init__(self, upload: Upload, load: Callable[[], Encoded | None]) -> None:
        self._upload = upload
        self._load = load
        self.name = ""
        """Of the announced public file; empty while there is none."""

    def prepare(self, preview: Judgement) -> None:
        """Write the file if the preview lets the upload through."""
        if preview.verdict == "allow":
            self.write()

    def write(self) -> None:
        """Write the file under a fresh name, announced, in place of an earlier one."""
        self.close()
        encoded = self._load()
        if encoded is not None:
            self.name = files.announce_public(encoded, upload=self._upload)

    def keep(self) -> None:
        """Keep the file: a committed row refers to it, and there is nothing to take back."""
        self.name = ""

    def close(self) -> None:
        """Take the file back unless an upload refers to it: one that does has claimed the name."""
        if self.name:
            files.abandon_public(self._upload, self.name)
            self.name = ""
