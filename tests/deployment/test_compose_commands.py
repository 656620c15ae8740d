"""The commands of compose.yaml, run as it says, on the suite's own PostgreSQL and Redis."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
import requests

from tests.deployment.compose import OURS, ROOT, SET, command, environment, health_command, services
from tests.faults.deployment import SiteProcess
from tests.servers.postgres import NamedPostgres, PostgresServer
from tests.servers.process import free_port
from tests.servers.redis import NamedRedis, RedisServer
from tests.waiting import eventually

pytestmark = [pytest.mark.servers, pytest.mark.slow]


class Composed:
    """The site as compose.yaml starts it."""

    def __init__(self, folder: Path, *, database: str, redis: str, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.port, self.metrics_port = free_port(), free_port()
        self.changes = {
            "DATABASE_URL": database,
            "REDIS_URL": redis,
            "STATE_DIR": str(folder / "data"),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "HEARTBEAT_SECONDS": "1",
        }
        self.services = services()

    def environment(self, name: str) -> dict[str, str]:
        numbers = self.folder / f"metrics-{name}"
        numbers.mkdir(exist_ok=True)
        changes = {**self.changes, "PROMETHEUS_MULTIPROC_DIR": str(numbers)}
        if name == "worker":
            changes |= {"WORKER_METRICS_PORT": str(self.metrics_port), "WORKER_METRICS_HOST": "127.0.0.1"}
        return environment(self.services[name], changes)

    def run(self, name: str) -> None:
        words = command(self.services[name]["command"], self.folder)
        subprocess.run(words, env=self.environment(name), cwd=ROOT, check=True, capture_output=True)

    def start(self, name: str) -> SiteProcess:
        words = command(self.services[name]["command"], self.folder)
        process = SiteProcess(self.folder, name, words, self.environment(name))
        process.start(wait=False)
        self.stack.callback(process.kill)
        return process

    def healthy(self, name: str) -> bool:
        words = health_command(self.services[name], self.folder)
        return (
            subprocess.run(words, env=self.environment(name), capture_output=True, check=False).returncode
            == 0
        )

    def ready(self) -> bool:
        words = [*health_command(self.services["web"], self.folder)[:-1], "/readyz"]
        return (
            subprocess.run(words, env=self.environment("web"), capture_output=True, check=False).returncode
            == 0
        )

    def logs(self) -> str:
        return "\n".join(log.read_text(errors="replace")[-2000:] for log in self.folder.glob("*.log"))


@pytest.fixture
def composed(
    tmp_path: Path,
    postgres_server: PostgresServer | NamedPostgres,
    redis_server: RedisServer | NamedRedis,
) -> Iterator[Composed]:
    redis_server.flush()
    with ExitStack() as stack:
        yield Composed(tmp_path, database=postgres_server.create(), redis=redis_server.url, stack=stack)


def test_the_commands_of_compose_make_a_healthy_site_that_stops_when_told(composed: Composed) -> None:
    composed.run("migrate")
    processes = {name: composed.start(name) for name in OURS if name != "migrate"}

    for name in ("web", "worker"):
        eventually(partial(composed.healthy, name), deadline=60, pause=0.5, or_say=composed.logs)
    eventually(composed.ready, deadline=60, pause=0.5, or_say=composed.logs)

    numbers = requests.get(f"http://127.0.0.1:{composed.metrics_port}/metrics", timeout=10)
    assert numbers.status_code == 200
    site = f"http://127.0.0.1:{composed.port}/metrics"
    proxied = {"Host": SET["ALLOWED_HOSTS"], "X-Forwarded-Proto": "https"}
    assert requests.get(site, timeout=10, headers=proxied).status_code == 403
    token = {"Authorization": f"Bearer {SET['METRICS_TOKEN']}"}
    assert "moderation_revision_lag{" in requests.get(site, timeout=10, headers={**proxied, **token}).text

    for name, process in processes.items():
        assert process.terminate(deadline=40) == 0, (name, composed.logs())


def test_a_web_server_without_workers_is_alive_and_not_ready(composed: Composed) -> None:
    composed.run("migrate")
    composed.start("web")

    eventually(lambda: composed.healthy("web"), deadline=60, pause=0.5, or_say=composed.logs)

    assert not composed.ready()
    assert not composed.healthy("worker")
