"""A filter that answers over a real connection."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture
def address(transactional_db: None, _own_state: None) -> Iterator[str]:
    """Return the address of a server of this test's own: pytest-django's starts before there is a test database."""
    from pytest_django.live_server_helper import LiveServer

    server = LiveServer("localhost")
    server._live_server_modified_settings.enable()
    yield str(server.url)
    server.stop()
    server._live_server_modified_settings.disable()
