"""Thousands of uploads while something is killed every few seconds.

    python -m benchmarks.soak [--uploads 5000] [--pause 4] [--seed 1]

Killed with SIGKILL and started again, as a supervisor would: Celery's worker, one of its pool, a decoder,
a gunicorn worker, Redis (which forgets everything), PostgreSQL. The client sends again what was not
acknowledged. Then every acknowledged upload must have one verdict, and the right one; nothing that is
not approved may be public; the history must verify. Prints one JSON object; exit status 1 otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.client
import json
import queue
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks.site import Site, cores, running
from benchmarks.uploading import Client, avatar, copy_of, form
from tests.servers.process import ServerProcess

BANNED = 10
COPIES = 5
"""Every fifth upload is an edited copy of a banned picture."""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=5_000)
    parser.add_argument("--pause", type=float, default=4.0, help="seconds between two kills, on average")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of victims")
    arguments = parser.parse_args(argv)
    result = soak(**vars(arguments))
    print(json.dumps(result, indent=1))
    return 0 if result["passed"] else 1


def soak(*, uploads: int, pause: float, seed: int) -> dict[str, Any]:
    overrides: dict[str, Any] = {"UPLOADS_PER_MINUTE": 0, "PENDING_AT_ONCE": 0, "LEASE_SECONDS": 5}
    with running(celery=True, **overrides) as (site, servers), tempfile.TemporaryDirectory() as folder:
        for number in range(BANNED):
            Path(folder, f"{number}.jpg").write_bytes(avatar(number))
        sessions = site.seed(entries=1_000, members=50, pictures=Path(folder))["sessions"]
        worker, web = site.worker("--concurrency=2"), site.web()
        site.beat()
        victims = Victims({**servers, "worker": worker, "web": web}, seed=seed, pause=pause)
        began = time.monotonic()
        with victims:
            members = [Member(web.port, sessions[number]) for number in range(3)]
            expected = _send(uploads, members)
        _settle(site)
        took = time.monotonic() - began
        rows = site.here.call("soaked")
        return {
            "cores": cores(),
            "uploads": uploads,
            "seconds": round(took),
            "kills": dict(victims.killed),
            "sent_again": sum(member.again for member in members),
            **judge(expected, rows, site.here.call("violations")),
        }


def judge(
    expected: Mapping[str, str], rows: Sequence[Mapping[str, Any]], violations: Sequence[str]
) -> dict[str, Any]:
    """Compare what was acknowledged (digest → status) with what the database says."""
    known = {str(row["sha256"]) for row in rows}
    wrong = [row for row in rows if row["status"] != expected.get(str(row["sha256"]), "unknown")]
    doubled = [row for row in rows if row["verdicts"] > 1]
    lost = [digest for digest in expected if digest not in known]
    lost += [str(row["sha256"]) for row in rows if row["status"] == "pending"]
    return {
        "acknowledged": len(expected),
        "verdicts": sum(row["verdicts"] for row in rows),
        "lost": len(lost),
        "doubled": len(doubled),
        "wrong": len(wrong),
        "wrong_examples": wrong[:5],
        "violations": list(violations),
        "passed": not (lost or doubled or wrong or violations),
    }


class Member:
    """Sends pictures, and sends again what was not acknowledged, as people do."""

    def __init__(self, port: int, session: str) -> None:
        self.client, self.session, self.again = Client(port), session, 0

    def send(self, body: bytes, expected: int) -> None:
        """Return when the server has acknowledged."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            with contextlib.suppress(OSError, http.client.HTTPException):
                status = self.client.post(body, self.session)
                if status == expected:
                    return
                assert status >= 500, f"HTTP {status}"
            self.again += 1
            time.sleep(0.2)
        raise AssertionError("the site did not come back within two minutes")


def _send(uploads: int, members: Sequence[Member]) -> dict[str, str]:
    """Send; return what was acknowledged, by digest, with the status that it must get."""
    waiting = iter(range(uploads))
    lock = threading.Lock()
    expected: dict[str, str] = {}
    failures: queue.SimpleQueue[Exception] = queue.SimpleQueue()

    def work(member: Member) -> None:
        try:
            while True:
                with lock:
                    number = next(waiting, None)
                if number is None:
                    return
                copy = number % COPIES == 0
                # A comment in the file makes each copy a file of its own.
                data = _marked(copy_of(number // COPIES % BANNED), number) if copy else avatar(1_000 + number)
                member.send(form(data), 302)
                with lock:
                    expected[hashlib.sha256(data).hexdigest()] = "rejected" if copy else "approved"
        except Exception as error:  # noqa: BLE001 (told to the main thread)
            failures.put(error)

    threads = [threading.Thread(target=work, args=[member]) for member in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if not failures.empty():
        raise failures.get()
    return expected


def _marked(jpeg: bytes, number: int) -> bytes:
    comment = f"copy {number}".encode()
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]


def _settle(site: Site) -> None:
    until = time.monotonic() + 300
    while time.monotonic() < until:
        with contextlib.suppress(Exception):
            if not site.here.call("tally").get("pending"):
                return
        time.sleep(0.5)


class Victims:
    """A thread that kills something now and then, and starts it again."""

    def __init__(self, processes: Mapping[str, ServerProcess], *, seed: int, pause: float) -> None:
        self._processes = processes
        self._random, self._pause = random.Random(seed), pause
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.killed: Counter[str] = Counter()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        kinds: dict[str, Callable[[], bool]] = {
            "worker": lambda: self._restarted("worker"),
            "pool child": lambda: self._one("worker", lambda text: "sandbox" not in text),
            "decoder": lambda: self._one("worker", lambda text: "sandbox" in text),
            "gunicorn child": lambda: self._one("web", lambda text: "sandbox" not in text),
            "redis": lambda: self._restarted("redis"),
            "postgres": lambda: self._restarted("postgres"),
        }
        while not self._over.wait(self._random.uniform(0.5, 1.5) * self._pause):
            kind = self._random.choice(sorted(kinds))
            if kinds[kind]():
                self.killed[kind] += 1

    def _restarted(self, name: str) -> bool:
        self._processes[name].restart()
        return True

    def _one(self, name: str, wanted: Callable[[str], bool]) -> bool:
        victims = []
        for process in psutil.Process(self._processes[name].pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if wanted(" ".join(process.cmdline())):
                    victims.append(process)
        if not victims:
            return False
        with contextlib.suppress(psutil.Error):
            self._random.choice(victims).send_signal(signal.SIGKILL)
        return True


if __name__ == "__main__":
    sys.exit(main())
