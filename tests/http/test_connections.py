"""Bodies that break off or are slow, over a real connection."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import pytest

from moderation.models import Upload
from tests.http.servers import Caller
from tests.pictures import encode, scene
from tests.services.people import kept_files

pytestmark = pytest.mark.django_db(transaction=True)


def _begin(address: str, caller: Caller, *, sent: bytes, length: int) -> socket.socket:
    place = urlsplit(address)
    connection = socket.create_connection((place.hostname, place.port), timeout=20)
    connection.sendall(
        f"POST /v1/uploads HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {caller.key.token}\r\n"
        f"Content-Type: image/jpeg\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n".encode()
        + sent
    )
    return connection


def _answer(connection: socket.socket) -> bytes:
    with connection:
        parts = []
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)


def test_a_body_that_breaks_off_is_a_400_and_leaves_nothing(address: str) -> None:
    data = encode(scene(1))
    connection = _begin(address, Caller("upload"), sent=data[:5_000], length=len(data))
    connection.shutdown(socket.SHUT_WR)

    answer = _answer(connection)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"incomplete"' in answer
    assert not Upload.objects.exists()
    assert kept_files("moderation_quarantine") == []


def test_a_body_that_would_be_too_large_is_refused_before_it_comes(address: str) -> None:
    answer = _answer(_begin(address, Caller("upload"), sent=b"", length=10**12))

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_slow_body_keeps_no_other_client_waiting(address: str) -> None:
    caller, data = Caller("upload", "screen"), encode(scene(1))
    slow = _begin(address, caller, sent=data[:100], length=len(data))

    started = time.monotonic()
    assert caller.raw("/v1/screen", data).status_code == 200
    assert time.monotonic() - started < 5
    slow.sendall(data[100:])

    assert _answer(slow).startswith(b"HTTP/1.1 201 ")
