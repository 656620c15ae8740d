"""What compose.yaml would run, to be run here without Docker."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
OURS = ("migrate", "web", "worker", "beat")
SET = {
    "SECRET_KEY": "only for tests, and long enough to pass for a key",
    "SEAL_KEY": "another only for tests, and long enough to pass for a key",
    "ALLOWED_HOSTS": "pictures.example",
    "POSTGRES_PASSWORD": "unused",
    "METRICS_TOKEN": "only-for-tests",
}
"""What an operator writes into `.env`."""


def services() -> dict[str, Any]:
    """Return the services of compose.yaml, by name."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return found


def filled(value: object) -> str:
    """Replace ``${NAME:?why}`` and ``${NAME:-default}`` as compose does."""

    def replace(match: re.Match[str]) -> str:
        name, _, rest = match[1].partition(":")
        if name in SET:
            return SET[name]
        assert rest.startswith("-"), f"{name} has no default"
        return rest[1:]

    return re.sub(r"\$\{([^}]*)\}", replace, str(value))


def environment(service: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, str]:
    """Return the image's environment and the service's, with this machine's servers and folders."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    image = {
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'site'}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONUNBUFFERED": "1",
    }
    own = {name: filled(value) for name, value in service.get("environment", {}).items()}
    return {**kept, **image, **own, **changes}


def command(words: Sequence[str], folder: Path) -> list[str]:
    """Return a container's command, with the programs of this interpreter and a folder for ``/tmp``."""
    program, *rest = (filled(word).replace("/tmp/", f"{folder}/") for word in words)
    if program == "python":
        return [sys.executable, *rest]
    return [str(Path(sys.executable).parent / program), *rest]


def health_command(service: Mapping[str, Any], folder: Path) -> list[str]:
    """Return the command of its health check."""
    kind, *words = service["healthcheck"]["test"]
    assert kind == "CMD"
    return command(words, folder)
