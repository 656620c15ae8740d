"""The whole site as processes, for measurements: PostgreSQL, Redis, gunicorn, Celery, beat."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil

from tests.faults.deployment import ROOT, Deployment
from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerProcess, free_port
from tests.servers.redis import RedisServer


class Site(Deployment):
    """A deployment with the site's own settings, in which nothing misbehaves."""

    def __init__(self, folder: Path, *, database: str, redis: str = "", **overrides: object) -> None:
        super().__init__(folder, database=database, redis=redis, LEASE_SECONDS=20, SANDBOX_SECONDS=5.0)
        self.overrides.update(overrides)
        self.metrics_port = free_port()

    def environment(self, **changes: str) -> dict[str, str]:
        site = {
            "DJANGO_SETTINGS_MODULE": "benchmarks.site_settings",
            "SERVE_MEDIA": "0",
            "LOG_LEVEL": "WARNING",
            "SWEEP_SECONDS": "10",
        }
        return super().environment(**{**site, **changes})

    def counting_worker(self, *options: str) -> ServerProcess:
        """Start a worker whose numbers :meth:`stages` reads."""
        folder = self.folder / "metrics"
        folder.mkdir(exist_ok=True)
        return self.worker(
            *options, WORKER_METRICS_PORT=str(self.metrics_port), PROMETHEUS_MULTIPROC_DIR=str(folder)
        )

    def stages(self) -> dict[str, float]:
        """Return the seconds of processor time by stage, in the worker's pool, so far."""
        import requests

        text = requests.get(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10).text
        found: dict[str, float] = {}
        for line in text.splitlines():
            if line.startswith("moderation_stage_cpu_seconds_total{"):
                name = line.partition('stage="')[2].partition('"')[0]
                found[name] = found.get(name, 0.0) + float(line.rpartition(" ")[2])
        return found

    def seed(self, *, entries: int, members: int, pictures: Path) -> dict[str, Any]:
        """Fill the database; the members' session keys and what was banned (see :mod:`.seed`)."""
        command = [sys.executable, "-m", "benchmarks.seed", str(entries), str(members), str(pictures)]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment(REDIS_URL=""),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer


@contextlib.contextmanager
def running(
    *, celery: bool, postgres: bool = True, **overrides: object
) -> Iterator[tuple[Site, Mapping[str, ServerProcess]]]:
    """Start a migrated site in a folder that goes away, and its servers, which a caller may kill."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="moderation-bench-")))
        servers: dict[str, ServerProcess] = {}
        database, redis = f"sqlite:///{folder / 'db.sqlite3'}", ""
        if postgres:
            server = PostgresServer(Path(tempfile.mkdtemp(prefix="moderation-bench-postgres-")))
            server.start()
            stack.callback(server.remove)
            servers["postgres"], database = server, server.create("moderation")
        if celery:
            broker = RedisServer(folder)
            broker.start()
            stack.callback(broker.kill)
            servers["redis"], redis = broker, broker.url
        site = Site(folder, database=database, redis=redis, **overrides)
        stack.callback(site.close)
        site.manage("migrate", "--verbosity=0")
        yield site, servers


def processor_seconds(pid: int) -> dict[str, float]:
    """Return the processor time of a process tree so far: ``sandbox`` (its decoders, ended ones too) and ``own``."""
    own = sandbox = 0.0
    root = psutil.Process(pid)
    for process in [root, *root.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            ended = times.children_user + times.children_system
            if "moderation.domain.sandbox" in " ".join(process.cmdline()):
                sandbox += times.user + times.system
            elif process.pid == root.pid:
                # Of its workers or backends that ended and were waited for.
                own += times.user + times.system + ended
            else:
                own += times.user + times.system
                sandbox += ended
    return {"own": own, "sandbox": sandbox}


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0))
