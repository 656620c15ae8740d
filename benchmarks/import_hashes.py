"""How long a million hashes take into a list, and a process to be ready with them.

    python -m benchmarks.import_hashes [--size 1000000] [--postgres]

Uses a new SQLite file, or with ``--postgres`` the suite's own PostgreSQL server (its fsync is off), or
whatever ``DATABASE_URL`` names. Prints one JSON object per step.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def write_hashes(path: Path, *, size: int, algorithm: str = "dhash256", seed: int = 1) -> None:
    random = np.random.default_rng(seed)
    with path.open("w") as file:
        file.write("algorithm,hash,id,label,source\n")
        for start in range(0, size, 10_000):
            for row, code in enumerate(
                random.integers(0, 256, (min(10_000, size - start), 32), dtype=np.uint8)
            ):
                file.write(f"{algorithm},{code.tobytes().hex()},x{start + row},,bench\n")


def say(step: str, **values: Any) -> None:
    print(json.dumps({"step": step, **values}), flush=True)


def timed(step: str, work: Callable[[], Any], **values: Any) -> Any:
    started, cpu = time.perf_counter(), time.process_time()
    result = work()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    say(step, seconds=round(seconds, 4), cpu_seconds=round(cpu, 4), peak_rss_mb=peak, **values)
    return result


def server_cpu() -> float:
    """Return seconds of processor time that PostgreSQL's process for this connection has used; 0 for SQLite."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


def private_mb() -> float:
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty"):
            return int(line.split()[1]) / 1024
    return float("nan")


def prepare(folder: Path, *, database: str) -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "site"))
    os.environ |= {"DEBUG": "1", "STATE_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings"}
    os.environ.setdefault("DATABASE_URL", database or f"sqlite:///{folder / 'db.sqlite3'}")
    import django
    from django.conf import settings

    django.setup()
    settings.DEBUG = False


def import_all(folder: Path, size: int) -> None:
    from django.core.management import call_command

    from moderation import selectors
    from moderation.services.blocklists import imports
    from moderation.services.search import rebuilding

    call_command("migrate", verbosity=0)
    source = folder / "hashes.csv"
    write_hashes(source, size=size)
    blocklist = selectors.blocklist_named("default")
    for step in ("import", "import again"):
        before = server_cpu()
        report = timed(
            step, lambda: imports.import_file(path=source, blocklist=blocklist, wake=False), size=size
        )
        say(
            f"{step}: report",
            codes=report.codes,
            duplicates=report.duplicates,
            revision=report.last_revision,
            server_cpu_seconds=round(server_cpu() - before, 2),
        )
    for file in rebuilding.rebuild():
        say("rebuild_index", algorithm=file.algorithm, seconds=round(file.seconds, 2), bytes=file.size)


def start(folder: Path) -> None:
    """Measure, in a process of its own, how long until it can search, and what a ban elsewhere costs it."""
    import secrets
    import statistics

    from moderation import selectors
    from moderation.domain.analysis import Code
    from moderation.models import BannedImage, BlocklistChange, Fingerprint
    from moderation.services import revision
    from moderation.services.search.index import banned_codes

    revision.current()
    before = private_mb()
    snapshot = timed("ready from the file", banned_codes.catch_up)
    say("memory", private_mb=round(private_mb() - before, 1), codes=len(snapshot.layers["dhash256/1"]))
    times, cpu_times = [], []
    for _ in range(60):
        code = secrets.token_bytes(32)
        with revision.exclusive_change() as change:
            entry = BannedImage.objects.create(
                blocklist=selectors.blocklist_named("default"), revision=change.revision
            )
            Fingerprint.objects.create(
                banned=entry, algorithm="dhash256/1", bits=code, revision=change.revision
            )
            change.record(kind=BlocklistChange.Kind.BAN, banned_id=entry.pk, entries=1)
        started, cpu = time.perf_counter(), time.process_time()
        snapshot = banned_codes.catch_up()
        times.append((time.perf_counter() - started) * 1000)
        cpu_times.append((time.process_time() - cpu) * 1000)
        if not snapshot.search([Code("dhash256/1", code, 0, "")]):
            raise SystemExit("the ban is not found")
    say(
        "a ban made elsewhere",
        median_ms=round(statistics.median(times), 3),
        cpu_ms=round(statistics.median(cpu_times), 3),
        most_ms=round(max(times), 3),
    )
    started = time.perf_counter()
    for _ in range(1_000):
        banned_codes.catch_up()
    say("nothing changed", us=round((time.perf_counter() - started) * 1000, 1))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--started-in", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.started_in:
        prepare(arguments.started_in, database="")
        start(arguments.started_in)
        return
    with tempfile.TemporaryDirectory(prefix="import-hashes-") as name:
        folder = Path(name)
        database = ""
        if arguments.postgres:
            from tests.servers import postgres

            database = postgres.shared().create()
        prepare(folder, database=database)
        import_all(folder, arguments.size)
        subprocess.run([sys.executable, "-m", "benchmarks.import_hashes", "--started-in", name], check=True)


if __name__ == "__main__":
    main()
