"""Requests to others: only where the settings allow, whatever a hostile server tries."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from moderation.exceptions import AddressRefused, AnswerTooLarge, FetchFailed, OutgoingOff
from moderation.services import outgoing

LOOPBACK = ("127.0.0.0/8",)
ELSEWHERE = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {}\r\n\r\n"


class Hostile:
    """A server that answers each connection with the next of its scripts."""

    def __init__(self) -> None:
        self.scripts: list[Callable[[socket.socket], None]] = []
        self.asked: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        threading.Thread(target=self._serve, daemon=True).start()

    def says(self, *answers: str | Callable[[socket.socket], None]) -> None:
        for answer in answers:
            if callable(answer):
                self.scripts.append(answer)
            else:
                self.scripts.append(lambda client, text=answer: client.sendall(text.encode()))  # type: ignore[misc]

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client:
            self.asked.append(client.recv(65_536))
            script = self.scripts.pop(0) if self.scripts else lambda _client: None
            with contextlib.suppress(OSError):
                script(client)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    """Return a server on the loopback."""
    server = Hostile()
    yield server
    server.close()


@pytest.fixture
def allow(settings: Any) -> Callable[..., None]:
    """Return a function that sets to whom requests may go."""

    def choose(*networks: str) -> None:
        settings.MODERATION = {**settings.MODERATION, "OUTGOING_REQUESTS": networks}

    return choose


def _get(url: str, most: int = 10_000, seconds: float = 5) -> outgoing.Answer:
    return outgoing.get(url, most=most, seconds=seconds)


def test_nothing_is_asked_by_default(hostile: Hostile) -> None:
    with pytest.raises(OutgoingOff):
        _get(hostile.url)
    assert hostile.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://127.1:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f000001:{port}/",
        "http://0177.0.0.1:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://0.0.0.0:{port}/",
        "http://[::]:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://[fe80::1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://user@127.0.0.1:{port}/",
        "http://8.8.8.8@127.0.0.1:{port}/",
        "http:///",
        "http://127.0.0.1:{port}/\r\nX: y",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:/",
        "//127.0.0.1/",
        "",
    ],
)
def test_no_spelling_leads_inside(url: str, hostile: Hostile, allow: Callable[..., None]) -> None:
    allow("public")

    with pytest.raises((AddressRefused, FetchFailed)):
        _get(url.format(port=hostile.port))
    assert hostile.asked == []


def test_a_network_of_one_s_own_is_asked(hostile: Hostile, allow: Callable[..., None]) -> None:
    allow(*LOOPBACK)
    hostile.says("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 2\r\n\r\nhi")

    assert _get(hostile.url) == outgoing.Answer(200, "image/png", b"hi")


def test_a_redirect_inside_is_refused(hostile: Hostile, allow: Callable[..., None]) -> None:
    allow(*LOOPBACK)
    for inside in (
        "http://169.254.169.254/",
        "http://[::1]/",
        "file:///etc/passwd",
        "http://10.0.0.1/",
        "//192.168.0.1/",
    ):
        hostile.says(ELSEWHERE.format(inside))
        with pytest.raises(AddressRefused):
            _get(hostile.url)


def test_a_redirect_to_the_same_server_is_followed_three_times_at_most(
    hostile: Hostile, allow: Callable[..., None]
) -> None:
    allow(*LOOPBACK)
    hostile.says(*[ELSEWHERE.format("/next")] * 3, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
    assert _get(hostile.url).data == b"x"
    hostile.says(*[ELSEWHERE.format("/again")] * 9)

    with pytest.raises(FetchFailed, match="redirects"):
        _get(hostile.url)


def test_a_name_that_resolves_to_another_address_the_second_time_gains_nothing(
    hostile: Hostile, allow: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    allow("public")
    answers = [("93.184.216.34", 80), ("127.0.0.1", hostile.port)]
    asked: list[str] = []

    def rebinding(host: str, port: int, **_options: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", answers[min(len(asked), 2) - 1])]

    connected: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], **_options: Any) -> socket.socket:
        connected.append(address)
        raise OSError("no network here")

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket, "create_connection", connect)

    with pytest.raises(FetchFailed):
        _get(f"http://rebinding.example:{hostile.port}/")
    assert connected == [("93.184.216.34", hostile.port)]
    assert len(asked) == 1


def test_one_private_address_among_several_is_enough_to_refuse(
    allow: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    allow("public")
    found = [(2, 1, 6, "", ("93.184.216.34", 80)), (2, 1, 6, "", ("10.0.0.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_given, **_options: found)

    with pytest.raises(AddressRefused):
        _get("http://both.example/")


def _drip(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(200):
        client.sendall(b"x")
        time.sleep(0.05)


def _drip_headers(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(200):
        client.sendall(b"x")
        time.sleep(0.05)


def _silent(client: socket.socket) -> None:
    time.sleep(8)


@pytest.mark.parametrize("script", [_drip, _drip_headers, _silent])
def test_a_slow_answer_ends_at_the_deadline(
    script: Callable[[socket.socket], None], hostile: Hostile, allow: Callable[..., None]
) -> None:
    allow(*LOOPBACK)
    hostile.says(script)
    started = time.monotonic()

    with pytest.raises(FetchFailed):
        _get(hostile.url, seconds=0.6)
    assert time.monotonic() - started < 3


def _endless(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        client.sendall(b"x" * 65_536)


@pytest.mark.parametrize("answer", ["HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nx", _endless])
def test_a_large_answer_is_not_kept(answer: Any, hostile: Hostile, allow: Callable[..., None]) -> None:
    allow(*LOOPBACK)
    hostile.says(answer)

    with pytest.raises(AnswerTooLarge):
        _get(hostile.url)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "nonsense",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\n" + "X: y\r\n" * 500 + "\r\n",
        "HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n",
    ],
)
def test_an_answer_that_is_none_fails(answer: str, hostile: Hostile, allow: Callable[..., None]) -> None:
    allow(*LOOPBACK)
    hostile.says(answer)

    with pytest.raises((FetchFailed, AddressRefused)):
        _get(hostile.url)


def test_tls_is_checked(hostile: Hostile, allow: Callable[..., None]) -> None:
    allow(*LOOPBACK)
    hostile.says("HTTP/1.1 200 OK\r\n\r\n")

    with pytest.raises(FetchFailed):
        _get(hostile.url.replace("http:", "https:"))


def test_a_post_follows_no_redirect(hostile: Hostile, allow: Callable[..., None]) -> None:
    allow(*LOOPBACK)
    hostile.says(ELSEWHERE.format("/elsewhere"))

    assert outgoing.post(hostile.url, b"{}", headers={}, seconds=5).status == 302
    assert len(hostile.asked) == 1
