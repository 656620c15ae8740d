"""Fixtures for every room of the suite."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["tests.plugin_servers"]

BESIDE_THE_PROJECT = Path(__file__).resolve().parents[2] / "shared" / "corpus"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real pictures, with its ``manifest.csv``; a test that asks for it is skipped without."""
    folder = Path(os.environ.get("MODERATION_CORPUS") or BESIDE_THE_PROJECT)
    if not (folder / "manifest.csv").is_file():
        pytest.skip("no picture corpus: MODERATION_CORPUS names the folder with manifest.csv")
    return folder
