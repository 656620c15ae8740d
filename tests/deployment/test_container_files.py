"""Dockerfile and compose.yaml, as far as they can be judged without an engine."""

from __future__ import annotations

import re
from fnmatch import fnmatch

import pytest

from tests.deployment.compose import OURS, ROOT, SET, filled, services

DOCKERFILE = (ROOT / "Dockerfile").read_text()
INSTRUCTIONS = [
    line.split(maxsplit=1)
    for line in re.sub(r"\\\n", " ", DOCKERFILE).splitlines()
    if line and line[0] != "#"
]


def test_the_image_does_not_run_as_root() -> None:
    users = [rest for word, rest in INSTRUCTIONS if word == "USER"]

    assert users
    assert not re.match(r"(root|0)(:|$)", users[-1])


def test_everything_that_is_copied_is_there_and_not_ignored() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for word, rest in INSTRUCTIONS:
        if word == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert any(fnmatch(source.removeprefix("./"), pattern) for pattern in allowed), source


def test_what_is_installed_is_locked_with_hashes() -> None:
    installs = [rest for word, rest in INSTRUCTIONS if word == "RUN" and "pip install" in rest]

    assert all(part.count("--require-hashes") for rest in installs for part in rest.split("&&"))


def test_the_command_is_a_list_so_that_signals_reach_it() -> None:
    assert [rest[0] for word, rest in INSTRUCTIONS if word == "CMD"] == ["["]


def test_compose_has_the_whole_site() -> None:
    assert set(services()) == {*OURS, "nginx", "database", "redis"}


@pytest.mark.parametrize("name", [*OURS, "nginx"])
def test_a_container_of_ours_can_do_little(name: str) -> None:
    service = services()[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", ["web", "worker", "database", "redis"])
def test_those_that_can_fall_ill_have_a_health_check(name: str) -> None:
    assert services()[name]["healthcheck"]["test"][0] == "CMD"


def test_only_the_web_server_has_a_port_and_only_on_this_machine() -> None:
    ports = {name: service["ports"] for name, service in services().items() if "ports" in service}

    assert ports == {"nginx": ["127.0.0.1:8000:8080"]}


def test_the_stop_is_waited_for_longer_than_the_drain_takes() -> None:
    from config import gunicorn

    assert int(services()["web"]["stop_grace_period"].rstrip("s")) > gunicorn.graceful_timeout


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "compose.yaml").read_text()

    for name in ("SECRET_KEY", "SEAL_KEY", "POSTGRES_PASSWORD", "ALLOWED_HOSTS"):
        assert re.search(rf"\$\{{{name}:\?", text), name
        assert f"${{{name}:-" not in text
    assert filled("${SEAL_KEY:?set it}") == SET["SEAL_KEY"]
