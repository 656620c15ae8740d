"""The HTTP API over a real connection: what it adds to a screening, a look-up in a long list, and clients for a minute.

    python -m benchmarks.http [--hashes 1000000] [--requests 200] [--clients 8] [--seconds 60]

One gunicorn process of four threads, PostgreSQL and the clients share this machine's cores. Prints one JSON object; exit
status 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import http.client
import json
import secrets
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from benchmarks.site import Site, cores, running
from benchmarks.uploading import avatar
from tests.faults.deployment import ROOT

IN_PROCESS = """
import json, sys, time, django
django.setup()
from moderation.services.search import trial
pictures = [open(path, "rb").read() for path in sys.argv[1:]]
trial.judge_bytes(pictures[0])
times = []
for data in pictures:
    started = time.perf_counter()
    trial.judge_bytes(data)
    times.append((time.perf_counter() - started) * 1000)
print(json.dumps(sorted(times)[len(times) // 2]))
"""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hashes", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=60)
    arguments = parser.parse_args(argv)
    result = measure(**vars(arguments))
    print(json.dumps(result, indent=1))
    return 0 if all(result["goals"].values()) else 1


def measure(*, hashes: int, requests: int, clients: int, seconds: int) -> dict[str, Any]:
    names = ["dhash256", "phash256", "pdqfull"]
    with running(celery=False, ALGORITHMS=names) as (site, _servers):
        key = _key(site)
        web = site.web()
        caller = Caller(web.port, key)
        assert caller.send("POST", "/hma/c/banks", b'{"name": "LONG"}')[0] == 201
        wanted = _fill(site, hashes)
        pictures = _pictures(site.folder, requests)
        in_process = _in_process(site, pictures)
        for path in pictures[:10]:
            caller.send("POST", "/v1/screen", path.read_bytes(), "image/jpeg")
        screen = [caller.timed("POST", "/v1/screen", path.read_bytes(), "image/jpeg") for path in pictures]
        lookup = "/hma/m/lookup?signal_type=pdq&signal="
        found = caller.send("GET", lookup + wanted)[1]
        looked = [caller.timed("GET", lookup + secrets.token_hex(32)) for _ in range(requests * 5)]
        before = _memory(web.pid)
        statuses, rate = _for_a_while(web.port, key, pictures, clients, seconds)
        after = _memory(web.pid)
    ratio = median(screen) / in_process
    growth = after / before
    return {
        "cores": cores(),
        "hashes": hashes,
        "screen_ms": round(median(screen), 1),
        "in_process_ms": round(in_process, 1),
        "screen_ratio": round(ratio, 2),
        "lookup_ms": round(median(looked), 2),
        "lookup_p95_ms": round(sorted(looked)[int(len(looked) * 0.95)], 2),
        "clients": clients,
        "requests_per_second": round(rate, 1),
        "statuses": statuses,
        "memory_growth": round(growth, 3),
        "goals": {
            "screen <= 1.5 x in process": ratio <= 1.5,
            "lookup median <= 5 ms": median(looked) <= 5,
            "the banned hash is found": "LONG" in found,
            "no error": set(statuses) == {"200"},
            "memory grows by less than a tenth": growth < 1.1,
        },
    }


class Caller:
    """A client that keeps its connection."""

    def __init__(self, port: int, key: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.key = key

    def send(
        self, method: str, path: str, body: bytes = b"", kind: str = "application/json"
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": kind}
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        return response.status, json.loads(response.read() or b"null")

    def timed(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> float:
        """Return the milliseconds of a request that was answered with 200."""
        started = time.perf_counter()
        status, answer = self.send(method, path, body, kind)
        took = (time.perf_counter() - started) * 1000
        assert status == 200, answer
        return took


def _key(site: Site) -> str:
    scopes = [word for scope in ("screen", "match", "curate") for word in ("--scope", scope)]
    made = site.manage("api_key", "create", "bench", *scopes, "--per-minute", "0", "--json")
    return str(json.loads(made)["key"])


def _fill(site: Site, hashes: int) -> str:
    """Import random hashes into the bank's list; one of them."""
    file = site.folder / "hashes.csv"
    wanted = secrets.token_hex(32)
    with file.open("w") as stream:
        stream.write(f"algorithm,hash\npdqfull,{wanted}\n")
        stream.writelines(f"pdqfull,{secrets.token_hex(32)}\n" for _ in range(hashes - 1))
    site.manage("import_hashes", str(file), "--blocklist", "long", "--no-rescan")
    site.manage("rebuild_index")
    return wanted


def _pictures(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"{seed}.jpg" for seed in range(count)]
    for seed, path in enumerate(paths):
        path.write_bytes(avatar(seed))
    return paths


def _in_process(site: Site, pictures: Sequence[Path]) -> float:
    """Return the median milliseconds of the same screenings without HTTP, in a process of its own."""
    command = [sys.executable, "-c", IN_PROCESS, *map(str, pictures)]
    environment = site.environment(REDIS_URL="")
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout.splitlines()[-1])


def _memory(pid: int) -> int:
    root = psutil.Process(pid)
    return sum(process.memory_info().rss for process in [root, *root.children(recursive=True)])


def _for_a_while(
    port: int, key: str, pictures: Sequence[Path], clients: int, seconds: int
) -> tuple[dict[str, int], float]:
    """Screen and look up from so many clients at once; how often which status came, and requests a second."""
    until = time.monotonic() + seconds
    counts: Counter[str] = Counter()

    def client(number: int) -> None:
        caller, place = Caller(port, key), number
        while time.monotonic() < until:
            data = pictures[place % len(pictures)].read_bytes()
            counts[str(caller.send("POST", "/v1/screen", data, "image/jpeg")[0])] += 1
            query = f"/hma/m/lookup?signal_type=pdq&signal={secrets.token_hex(32)}"
            counts[str(caller.send("GET", query)[0])] += 1
            place += clients

    _together([lambda number=number: client(number) for number in range(clients)])  # type: ignore[misc]
    return dict(counts), sum(counts.values()) / seconds


def _together(calls: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
