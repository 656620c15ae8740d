"""From POST to verdict when nothing else happens: with Celery, and inline.

    python -m benchmarks.latency [--uploads 100] [--banned 100000] [--tiers 1]

JPEGs of 512 pixels through the real form, one after the other, PostgreSQL behind it. With Celery (a
worker of two processes) the verdict is watched for in the database; inline it is there when the answer is.
The goals are for the fingerprints alone; ``--tiers 2`` adds what the second tier costs. Prints one JSON
object; exit status 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.site import cores, running
from benchmarks.uploading import Client, avatar, form, percentile

GOALS = {"celery": 150.0, "inline": 60.0}
"""Milliseconds, of 95 in 100 uploads."""
WARM = 15


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=100)
    parser.add_argument("--banned", type=int, default=100_000)
    parser.add_argument("--tiers", type=int, choices=(1, 2), default=1, help="2: crops and collages too")
    arguments = parser.parse_args(argv)
    result: dict[str, Any] = {"cores": cores(), **vars(arguments)}
    reached = True
    for name, goal in GOALS.items():
        times = measure(celery=name == "celery", **vars(arguments))
        p95 = percentile(times, 0.95) * 1000
        reached = reached and p95 <= goal
        result[name] = {
            "median_ms": round(statistics.median(times) * 1000, 1),
            "p95_ms": round(p95, 1),
            "goal_ms": goal,
            "reached": p95 <= goal,
        }
    print(json.dumps(result, indent=1))
    return 0 if reached else 1


def measure(*, celery: bool, uploads: int, banned: int, tiers: int) -> list[float]:
    """Return the seconds from the POST to the verdict, of each upload."""
    overrides: dict[str, Any] = {"UPLOADS_PER_MINUTE": 0, "PENDING_AT_ONCE": 0, "LOCAL": tiers == 2}
    with running(celery=celery, **overrides) as (site, _), tempfile.TemporaryDirectory() as folder:
        Path(folder, "banned.jpg").write_bytes(avatar(0))
        sessions = site.seed(entries=banned, members=20, pictures=Path(folder))["sessions"]
        if celery:
            site.worker("--concurrency=2")
            site.beat()
        client = Client(site.web().port)
        bodies = [form(avatar(1 + number)) for number in range(WARM + uploads)]
        times = []
        with psycopg.connect(site.database, autocommit=True) as watch:
            for number, body in enumerate(bodies):
                began = time.perf_counter()
                status = client.post(body, sessions[number % len(sessions)])
                assert status == 302, (status, site.logs())
                _wait(watch, number + 1)
                times.append(time.perf_counter() - began)
                time.sleep(0.05)
        return times[WARM:]


def _wait(watch: psycopg.Connection[Any], count: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        row = watch.execute(
            "SELECT count(*) FROM moderation_upload WHERE status <> 'pending'", prepare=True
        ).fetchone()
        if row is not None and row[0] >= count:
            return
        time.sleep(0.002)
    raise AssertionError("no verdict within a minute")


if __name__ == "__main__":
    sys.exit(main())
