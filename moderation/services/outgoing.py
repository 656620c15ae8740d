"""Requests to addresses that others name: only to where the settings allow, within time and size.

1. Every address that a name resolves to is checked, and the connection goes to the one that was checked: a name that
   resolves to another a moment later (DNS rebinding) gains nothing. TLS still checks the certificate of the name.
2. A redirect is a new request: checked in the same way, at most three, never from HTTPS to HTTP.
3. One deadline for everything. At its end the socket is shut, whatever the other side drips into it.
4. Names of users in addresses, other schemes, compressed answers and proxies of the environment are not used.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from moderation.conf import PUBLIC_ADDRESSES, get_settings
from moderation.exceptions import AddressRefused, AnswerTooLarge, FetchFailed, OutgoingOff

MOST_REDIRECTS = 3
REDIRECTS = (301, 302, 303, 307, 308)
PORTS = {"http": 80, "https": 443}
CHUNK = 64 * 1024
AGENT = "django-image-blocklist"
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Addresses in these carry another one, that the check would not see.
WRAPPING = [
    ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    content_type: str
    data: bytes


def get(url: str, *, most: int, seconds: float) -> Answer:
    """Fetch at most ``most`` bytes within ``seconds``, following redirects.

    Raises :class:`OutgoingOff`, :class:`AddressRefused`, :class:`AnswerTooLarge` and :class:`FetchFailed`.
    """
    deadline = time.monotonic() + seconds
    for _ in range(MOST_REDIRECTS + 1):
        answer, onward = _ask("GET", url, None, {}, most=most, deadline=deadline)
        if onward is None:
            return answer
        try:
            before, url = url, urljoin(url, onward)
        except ValueError as error:
            raise AddressRefused("A redirect leads to no address.") from error
        if before.lower().startswith("https:") and not url.lower().startswith("https:"):
            raise AddressRefused("A redirect leads from HTTPS to HTTP.")
    raise FetchFailed("There are too many redirects.")


def post(url: str, data: bytes, *, headers: Mapping[str, str], seconds: float, most: int = 4_096) -> Answer:
    """Send ``data``; a redirect is an answer like any other, and not followed. Raises as :func:`get` does."""
    answer, _ = _ask("POST", url, data, headers, most=most, deadline=time.monotonic() + seconds, whole=False)
    return answer


def check(url: str) -> None:
    """Raise what a request to ``url`` would raise before anything is sent."""
    _target(url)


def _target(url: str) -> tuple[SplitResult, int, list[Address]]:
    allowed = get_settings().outgoing_requests
    if not allowed:
        raise OutgoingOff
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused("This is no address.") from error
    if parts.scheme not in PORTS or not parts.hostname or "@" in parts.netloc or parts.netloc.endswith(":"):
        raise AddressRefused("Only http:// and https:// addresses with a host are asked.")
    if any(not 32 < ord(sign) < 127 for sign in url):
        raise AddressRefused("The address holds characters that have to be escaped.")
    port = port or PORTS[parts.scheme]
    addresses = _resolve(parts.hostname, port)
    if any(not _may_ask(address, allowed) for address in addresses):
        raise AddressRefused
    return parts, port, addresses


def _resolve(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchFailed("The host has no address.") from error
    # A scope (fe80::1%eth0) is no part of an address.
    texts = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
    return [ipaddress.ip_address(text) for text in texts]


def _may_ask(address: Address, allowed: tuple[str, ...]) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address in ipaddress.ip_network(text) for text in allowed if text != PUBLIC_ADDRESSES):
        return True
    wrapping = any(address in network for network in WRAPPING)
    public = address.is_global and not address.is_multicast and not address.is_reserved and not wrapping
    return public and PUBLIC_ADDRESSES in allowed


def _ask(
    method: str,
    url: str,
    data: bytes | None,
    headers: Mapping[str, str],
    *,
    most: int,
    deadline: float,
    whole: bool = True,
) -> tuple[Answer, str | None]:
    parts, port, addresses = _target(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {"User-Agent": AGENT, "Accept-Encoding": "identity", **headers}
    with _connected(parts, port, addresses[0], deadline) as connection:
        try:
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            onward = response.headers.get("Location") if response.status in REDIRECTS else None
            if onward is not None:
                return Answer(response.status, "", b""), onward
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise FetchFailed("The answer is compressed.")
            body = _read(response, most, whole=whole)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise FetchFailed(
                f"The other side did not answer as it should: {type(error).__name__}."
            ) from error
        if time.monotonic() >= deadline:
            raise FetchFailed("The answer took too long.")
    return Answer(response.status, response.headers.get("Content-Type", ""), body), None


@contextlib.contextmanager
def _connected(
    parts: SplitResult, port: int, address: Address, deadline: float
) -> Iterator[http.client.HTTPConnection]:
    left = deadline - time.monotonic()
    if left <= 0:
        raise FetchFailed("The answer took too long.")
    host = parts.hostname or ""
    connection = http.client.HTTPConnection(host, port, timeout=left)
    try:
        plain = socket.create_connection((str(address), port), timeout=left)
    except OSError as error:
        raise FetchFailed("No connection came about.") from error
    watchdog = threading.Timer(left, _shut, (plain,))
    watchdog.daemon = True
    watchdog.start()
    try:
        connection.sock = plain
        if parts.scheme == "https":
            connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        yield connection
    except ssl.SSLError as error:
        raise FetchFailed("The certificate was not accepted.") from error
    except OSError as error:
        raise FetchFailed("The connection was lost.") from error
    finally:
        watchdog.cancel()
        connection.close()
        plain.close()


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _read(response: http.client.HTTPResponse, most: int, *, whole: bool) -> bytes:
    """Read the answer; with ``whole`` one that is larger, or breaks off, is an error."""
    if whole and (response.length or 0) > most:
        raise AnswerTooLarge
    parts, size = [], 0
    while size <= most and (part := response.read1(CHUNK)):
        parts.append(part)
        size += len(part)
    if whole and size > most:
        raise AnswerTooLarge
    if whole and response.length:
        raise FetchFailed("The answer broke off.")
    return b"".join(parts)[:most]
