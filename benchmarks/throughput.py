"""Verdicts per second of the whole site, and where the processor time goes.

    python -m benchmarks.throughput [--uploads 600] [--banned 100000] [--members 100] [--pool 2] [--tiers 1]

HTTP, PostgreSQL, Redis, Celery, beat and the client share this machine's cores (two in CI). Every upload
is a JPEG of 512 pixels through the real form; one in ten is an edited copy of a banned picture. The goals
are for the fingerprints alone; ``--tiers 2`` adds what the second tier costs.
Prints one JSON object; exit status 1 where a goal is missed or a verdict is wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.site import Site, cores, processor_seconds, running
from benchmarks.uploading import avatar, copy_of, form, percentile, send_all
from tests.servers.process import ServerProcess

GOAL = 25.0
"""Verdicts per second."""
BANNED = 10
"""Pictures that are banned for real, of which copies are sent."""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=600)
    parser.add_argument("--banned", type=int, default=100_000)
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--pool", type=int, default=2, help="processes of the Celery worker")
    parser.add_argument("--tiers", type=int, choices=(1, 2), default=1, help="2: crops and collages too")
    arguments = parser.parse_args(argv)
    result = measure(**vars(arguments))
    print(json.dumps(result, indent=1))
    return 0 if all(result["goals"].values()) else 1


def measure(*, uploads: int, banned: int, members: int, pool: int, tiers: int) -> dict[str, Any]:
    with running(celery=True, UPLOADS_PER_MINUTE=0, PENDING_AT_ONCE=0, LOCAL=tiers == 2) as (site, servers):
        with tempfile.TemporaryDirectory() as folder:
            for seed in range(BANNED):
                Path(folder, f"{seed}.jpg").write_bytes(avatar(seed))
            seeded = site.seed(entries=banned, members=members, pictures=Path(folder))
        worker = site.counting_worker(f"--concurrency={pool}")
        beat, web = site.beat(), site.web()
        jobs = _jobs(uploads, seeded["sessions"])
        trees = {"web": web, "worker": worker, "beat": beat, **servers}
        # Every process has its index, its decoders and its connections before the clock starts.
        warm = [(form(avatar(900_000 + number)), seeded["sessions"][0]) for number in range(60)]
        send_all(warm, port=web.port)
        _drained(site, len(warm))

        before, stages = _spent(trees), site.stages()
        began = time.perf_counter()
        answers = send_all(jobs, port=web.port)
        posted = time.perf_counter() - began
        _drained(site, len(warm) + uploads)
        took = time.perf_counter() - began
        after, later = _spent(trees), site.stages()
        spent = {name: after[name] - before[name] for name in after}
        by_stage = {name: later[name] - stages.get(name, 0.0) for name in later}
        statuses = site.here.call("tally", skip=len(warm))
    rate = uploads / took
    split = _split(spent, by_stage, uploads)
    copies = sum(number % 10 == 0 for number in range(uploads))
    right = {"approved": uploads - copies, "rejected": copies}
    own_work = split["sandbox"] + split["match"]
    overhead = sum(split[name] for name in ("http", "queue", "database"))
    return {
        "cores": cores(),
        "uploads": uploads,
        "banned": banned,
        "tiers": tiers,
        "verdicts_per_second": round(rate, 1),
        "posts_per_second": round(uploads / posted, 1),
        "http": dict(Counter(status for status, _ in answers)),
        "post_p95_ms": round(percentile([seconds for _, seconds in answers], 0.95) * 1000, 1),
        "statuses": statuses,
        "cpu_ms_per_verdict": {name: round(value, 2) for name, value in split.items()},
        "sandbox_and_match_ms": round(own_work, 2),
        "http_queue_database_ms": round(overhead, 2),
        "goals": {
            f"verdicts_per_second >= {GOAL}": rate >= GOAL,
            "http + queue + database <= sandbox + match": overhead <= own_work,
            "every verdict right": statuses == right,
        },
    }


def _jobs(count: int, sessions: list[str]) -> list[tuple[bytes, str]]:
    pictures = [
        copy_of(number % BANNED) if number % 10 == 0 else avatar(1_000 + number) for number in range(count)
    ]
    return [(form(data), sessions[number % len(sessions)]) for number, data in enumerate(pictures)]


def _drained(site: Site, count: int) -> None:
    until = time.monotonic() + 600
    while site.here.call("decided") < count:
        assert time.monotonic() < until, site.logs()
        time.sleep(0.1)


def _spent(trees: dict[str, ServerProcess]) -> dict[str, float]:
    found = {}
    for name, process in trees.items():
        seconds = processor_seconds(process.pid)
        found[name] = seconds["own"]
        if name in ("web", "worker"):
            found[f"{name} sandbox"] = seconds["sandbox"]
    return found


def _split(spent: dict[str, float], stages: dict[str, float], uploads: int) -> dict[str, float]:
    """Return milliseconds per verdict. What a worker spends outside of its stages is the queue's."""
    inside = sum(stages.values())
    seconds = {
        "sandbox": spent["web sandbox"] + spent["worker sandbox"],
        "match": stages.get("match", 0.0),
        "http": spent["web"],
        "queue": spent["redis"] + spent["beat"] + spent["worker"] - inside,
        # The server, and what the worker does to write rows.
        "database": spent["postgres"] + stages.get("write", 0.0),
        "files": sum(stages.get(name, 0.0) for name in ("decode", "read", "publish")),
    }
    return {name: value * 1000 / uploads for name, value in seconds.items()}


if __name__ == "__main__":
    sys.exit(main())
