"""What a change costs that reaches back: one ban, and an import, against many stored uploads.

    python -m benchmarks.reaching_back [--uploads 1000000] [--codes 1000000]

Each upload has three codes of dhash256 (as it is, trimmed, negative) and two of phash256, at random.
Uses a new SQLite file. Prints one JSON object per step; ``cpu_seconds`` do not depend on what else the
machine does.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.import_hashes import prepare, say, timed, write_hashes

PLACES = {"dhash256/1": [[0, ""], [0, "trimmed"], [0, "negative"]], "phash256/1": [[0, ""], [0, "trimmed"]]}
UPLOADS_PER_INSERT = 10_000


def store_uploads(count: int) -> None:
    from django.db import connection, transaction
    from django.utils import timezone

    from moderation.models import Upload, UploadFingerprints

    random = np.random.default_rng(3)
    fields: list[Any] = [field for field in Upload._meta.concrete_fields if field.attname != "id"]
    columns = ", ".join(["id", *(str(field.column) for field in fields)])
    upload_sql = (
        f"INSERT INTO {Upload._meta.db_table} ({columns}) VALUES ({', '.join(['%s'] * (len(fields) + 1))})"
    )
    codes_sql = (
        f"INSERT INTO {UploadFingerprints._meta.db_table} (upload_id, algorithm, codes, places, revision) "
        "VALUES (%s, %s, %s, %s, 0)"
    )
    now = timezone.now()
    upload = Upload(
        status="approved", revision=0, sha256=b"", size=1, format="PNG", width=1, height=1,
        status_at=now, submitted_at=now,
    )  # fmt: skip
    like = {
        field.attname: field.get_db_prep_save(getattr(upload, field.attname), connection) for field in fields
    }
    for start in range(1, count + 1, UPLOADS_PER_INSERT):
        ids = range(start, min(start + UPLOADS_PER_INSERT, count + 1))
        uploads, rows = [], []
        for pk in ids:
            own = {"reference": f"{pk:x}", "sha256": random.bytes(32), "reencoded": f"clean/{pk}"}
            uploads.append((pk, *(own.get(name, value) for name, value in like.items())))
        for algorithm, places in PLACES.items():
            data = random.integers(0, 256, (len(ids), 32 * len(places)), dtype=np.uint8)
            rows += [
                (pk, algorithm, codes.tobytes(), json.dumps(places))
                for pk, codes in zip(ids, data, strict=True)
            ]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(upload_sql, uploads)
            cursor.executemany(codes_sql, rows)


def one_ban() -> None:
    from moderation import selectors
    from moderation.domain.analysis import Code
    from moderation.services.search import rebuilding
    from moderation.services.search.earlier import earlier_uploads

    for file in rebuilding.rebuild():
        say(
            "rebuild_index", kind=file.kind, codes=file.codes, seconds=round(file.seconds, 2), bytes=file.size
        )
    timed("uploads ready from the file", earlier_uploads.catch_up)
    random = np.random.default_rng(4)
    radii = selectors.widest_radii(1)
    for step in ("one ban, cold", "one ban, warm"):
        codes = [
            Code(algorithm, random.bytes(32), 0, "") for algorithm in PLACES for _ in range(8)
        ]  # eight orientations
        timed(step, lambda codes=codes: earlier_uploads.within(codes, radii))  # type: ignore[misc]


def an_import(folder: Path, codes: int) -> None:
    from moderation import selectors
    from moderation.models import Rescan
    from moderation.services.blocklists import imports
    from moderation.services.rescans import rescan

    write_hashes(folder / "hashes.csv", size=codes)
    blocklist = selectors.blocklist_named("default")
    report = imports.import_file(path=folder / "hashes.csv", blocklist=blocklist, wake=False)
    done: Rescan | None = timed(
        "uploads against an import", lambda: rescan.run(rescan_id=report.rescans[0]), codes=codes
    )
    say("uploads against an import: report", examined=done.examined if done else None)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--uploads", type=int, default=1_000_000)
    parser.add_argument("--codes", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reaching-back-") as name:
        folder = Path(name)
        prepare(folder, database="")
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        timed("stored", lambda: store_uploads(arguments.uploads), uploads=arguments.uploads)
        one_ban()
        an_import(folder, arguments.codes)


if __name__ == "__main__":
    main()
