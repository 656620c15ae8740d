"""``manage.py rebuild_index``."""

from __future__ import annotations

from typing import Any

from moderation.exceptions import NoIndexFolder
from moderation.management.base import JsonCommand, printable
from moderation.services.search import rebuilding


class Command(JsonCommand):
    help = (
        "Write the packed index files of both tiers from the database: with many entries a process then starts in no "
        "time, and the processes of a host share one copy. Running processes go on with what they have, and write new "
        "files themselves, in the background, when enough has changed. A file that is missing or damaged costs time, "
        "never an answer, and is written anew by whoever notices, so this need not be run regularly."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            for file in rebuilding.rebuild():
                values = {
                    "kind": file.kind,
                    "algorithm": file.algorithm,
                    "path": printable(file.path),
                    "codes": file.codes,
                    "revision": file.revision,
                    "bytes": file.size,
                    "seconds": round(file.seconds, 2),
                }
                self.emit(
                    values,
                    f"{file.path.name}: {file.codes:,} codes, {file.size / 1e6:,.1f} MB, {file.seconds:.1f} s",
                )
        except NoIndexFolder as error:
            self.emit_error(error, {}, "Nothing was written")
        except OSError as error:
            self.emit_error(
                NoIndexFolder(f"The files could not be written: {error}."), {}, "Not all was written"
            )
