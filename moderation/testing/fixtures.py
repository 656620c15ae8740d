"""For pytest: ``from moderation.testing.fixtures import isolated_moderation`` in a ``conftest.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation.testing.isolation import isolated

__all__ = ["isolated_moderation"]


@pytest.fixture
def isolated_moderation() -> Iterator[Path]:
    """Screen at once, without limits, with files in a folder that goes away.

    ``pytestmark = pytest.mark.usefixtures("isolated_moderation")`` gives it to a whole module.
    """
    with isolated() as folder:
        yield folder
