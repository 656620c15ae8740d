"""Whether a row of the history was written by the application: an authentication code made with the seal key.

The key is not in the database, so whoever can only write to the database cannot make one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from django.conf import settings as django_settings

from moderation.conf import get_settings

NONCE_BYTES = 16
MAC_BYTES = NONCE_BYTES + 32
"""The code with the random bytes that stand before it."""


def seal_keys() -> list[bytes]:
    """Return the keys of 32 bytes: the one that is in use, then those of before, the newest first."""
    settings = get_settings()
    words = [settings.seal_key or django_settings.SECRET_KEY, *settings.seal_key_fallbacks]
    if not settings.seal_key:
        words += [str(word) for word in django_settings.SECRET_KEY_FALLBACKS]
    return [hashlib.sha256(b"moderation.seal/1" + word.encode()).digest() for word in words]


def _code(key: bytes, nonce: bytes, content: bytes) -> bytes:
    return nonce + hmac.new(key, b"moderation.row/1" + nonce + content, hashlib.sha256).digest()


def authenticate(content: bytes) -> bytes:
    """Return 16 random bytes and the HMAC-SHA-256 over them and the content. Two rows never have the same."""
    return _code(seal_keys()[0], secrets.token_bytes(NONCE_BYTES), content)


def key_of(mac: bytes | memoryview | None, content: bytes) -> int | None:
    """Return which of :func:`seal_keys` the code was made with; None for one that is not ours."""
    given = bytes(mac or b"")
    for place, key in enumerate(seal_keys()):
        if hmac.compare_digest(_code(key, given[:NONCE_BYTES], content), given):
            return place
    return None
