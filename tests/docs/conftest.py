"""The wheel, unpacked, and a shell in a folder of its own: what a reader of the documentation has."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests import pictures

ROOT = Path(__file__).resolve().parents[2]


class Reader:
    """Types what stands in a page. ``folder`` is where the shell is."""

    def __init__(self, folder: Path, installed: Path) -> None:
        self.folder = folder
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            # In place of `pip install`, which would need a network.
            "PYTHONPATH": str(installed),
            "HOME": str(folder),
            "DJANGO_SUPERUSER_USERNAME": "reader",
            "DJANGO_SUPERUSER_PASSWORD": "a password of the test",
            "DJANGO_SUPERUSER_EMAIL": "reader@pets.example",
        }

    def write(self, name: str, text: str) -> None:
        """Write a whole file, or what is added at its end."""
        path = self.folder / name.removesuffix(", at the end")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if name.endswith(", at the end") else "w", encoding="utf-8") as file:
            file.write(text)

    def run(self, script: str) -> str:
        """Run a block of shell commands; the next one starts where this one ends. Returns stdout and stderr."""
        result = subprocess.run(
            ["sh", "-e", "-c", f"{script}\npwd"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert result.returncode == 0, f"{script}\n{result.stdout}\n{result.stderr}"
        output, _, folder = result.stdout.rstrip("\n").rpartition("\n")
        self.folder = Path(folder)
        return f"{output}\n{result.stderr}"


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what the wheel holds."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "installed")
    return folder / "installed"


@pytest.fixture
def reader(tmp_path: Path, installed: Path) -> Reader:
    """Return a reader in an empty folder."""
    return Reader(tmp_path, installed)


@pytest.fixture(scope="session")
def photographs() -> dict[str, bytes]:
    """Return what a reader is asked to bring along."""
    return {
        "banned.jpg": pictures.encode(pictures.scene(5)),
        "innocent.jpg": pictures.encode(pictures.scene(6)),
    }
