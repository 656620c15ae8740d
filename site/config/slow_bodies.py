"""A deadline for the body of a request: a client that sends slowly must not keep a thread for ever."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

SECONDS = 20.0
"""For any body, whatever its size."""
BYTES_PER_SECOND = 50_000
"""The slowest connection that is waited for: 20 MB may take seven minutes."""

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def with_deadline(application: Application) -> Application:
    """Wrap a WSGI application so that reading ends :data:`SECONDS` plus the body's time at
    :data:`BYTES_PER_SECOND` after the headers.

    It shuts the reading side of the socket that gunicorn passes on (``gunicorn.socket``); the view then
    finds the body cut off, and answers as it answers any other that is. Without that socket nothing happens.
    """

    def bounded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        client, length = environ.get("gunicorn.socket"), environ.get("CONTENT_LENGTH") or "0"
        if client is None or not str(length).isdecimal() or not int(length):
            return application(environ, start_response)
        timer = threading.Timer(SECONDS + int(length) / BYTES_PER_SECOND, _stop_reading, [client])
        timer.daemon = True
        timer.start()
        try:
            return application(environ, start_response)
        finally:
            timer.cancel()

    return bounded


def _stop_reading(client: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is closed already
        client.shutdown(socket.SHUT_RD)
