"""The links of the chain: one seal for each row of the history, and two kinds of seal that stand for no row.

``anchor`` closes the history of earlier versions: only rows before it may lack an authentication code, and
only seals before it may lack their time. Its digest covers what had been erased without a decision by then.

``key`` begins what is sealed with another key. From it on rows of an older key count only if they were
written before it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from moderation.models import Seal
from moderation.models.authentication import seal_keys

GENESIS = bytes(32)
"""Stands for the seal before the first."""
ANCHOR, KEY = "anchor", "key"
SKEW = timedelta(minutes=5)
"""By how much the clocks of two machines may differ when the key is changed."""


def mac_of(key: bytes, link: Seal, previous: bytes, *, dated: bool = True) -> bytes:
    """Return the HMAC-SHA-256 of one link, 32 bytes. Earlier versions left its time out (``dated``)."""
    parts = [link.position, link.kind, link.record_id, bytes(link.digest).hex(), previous.hex()]
    if dated:
        parts.append(link.sealed_at.astimezone(UTC).isoformat(timespec="microseconds"))
    return hmac.new(key, "|".join(str(part) for part in parts).encode(), hashlib.sha256).digest()


def append(
    last: tuple[int, bytes], *, kind: str, digest: bytes, at: datetime, record_id: int | None = None
) -> Seal:
    """Return the unsaved link after position and mac of the last, made with the key that is in use."""
    position, previous = last
    record_id = position + 1 if record_id is None else record_id
    link = Seal(position=position + 1, kind=kind, record_id=record_id, digest=digest, sealed_at=at)
    link.mac = mac_of(seal_keys()[0], link, previous)
    return link


def erased_digest(ids: Iterable[int]) -> bytes:
    """Return SHA-256 over the numbers of erased records, in their order."""
    digest = hashlib.sha256(b"moderation.erased/1")
    for pk in ids:
        digest.update(f"{pk},".encode())
    return digest.digest()


@dataclass(slots=True)
class Keys:
    """Which keys count at a place of the chain, while one goes along it."""

    keys: list[bytes] = field(default_factory=seal_keys)
    current: int | None = None
    """Place of the key that the last link was made with; None before the first."""
    retired: dict[int, datetime] = field(default_factory=dict)
    """When a key ceased to be used."""
    switched: datetime | None = None
    """When the key was changed last before the first link, for one who begins in the middle."""

    @classmethod
    def at_end(cls) -> Keys:
        """Return them as they count after the last link, without going along the chain."""
        keys = cls(current=0)
        keys._retire(_switched_before(None))
        return keys

    @classmethod
    def after(cls, position: int) -> Keys:
        """Return them as they count after a link in the middle, without going along the chain to it."""
        return cls(switched=_switched_before(position + 1))

    def accept(self, link: Seal, previous: bytes, *, dated: bool) -> bool:
        """Go over a link; return whether it was made with a key that counts here."""
        for place in self._candidates(link):
            if any(
                hmac.compare_digest(mac_of(self.keys[place], link, previous, dated=form), bytes(link.mac))
                for form in (True, *(() if dated else (False,)))
            ):
                if link.kind == KEY:
                    self.current = place
                    self._retire(link.sealed_at)
                elif self.current is None:
                    self.current = place
                    self._retire(self.switched)
                return True
        return False

    def _candidates(self, link: Seal) -> Iterator[int]:
        if self.current is None:
            yield from range(len(self.keys))
        elif link.kind == KEY:
            yield from range(self.current)
        else:
            yield self.current

    def _retire(self, at: datetime | None) -> None:
        if at is None:
            return
        for place in range((self.current or 0) + 1, len(self.keys)):
            self.retired.setdefault(place, at)

    def count_for(self, place: int | None, written: datetime) -> bool:
        """Return whether a row of that time may have been written with the key at ``place``."""
        if place is None:
            return False
        return place not in self.retired or written <= self.retired[place] + SKEW


def end() -> tuple[int, bytes]:
    """Return position and mac of the last link."""
    last = Seal.objects.order_by("-position").first()
    return (last.position, bytes(last.mac)) if last else (0, GENESIS)


def last_key() -> int | None:
    """Return which of the keys the last link was made with; None where it is none of them."""
    tail = list(Seal.objects.order_by("-position")[:2])
    if not tail:
        return 0
    previous = bytes(tail[1].mac) if len(tail) == 2 else GENESIS
    for place, key in enumerate(seal_keys()):
        forms = (mac_of(key, tail[0], previous, dated=form) for form in (True, False))
        if any(hmac.compare_digest(form, bytes(tail[0].mac)) for form in forms):
            return place
    return None


def key_digest() -> bytes:
    """Return 32 bytes that tell the key that is in use from others, and do not give it away."""
    return hmac.new(seal_keys()[0], b"moderation.key/1", hashlib.sha256).digest()


def _switched_before(position: int | None) -> datetime | None:
    links = Seal.objects.filter(kind=KEY)
    links = links if position is None else links.filter(position__lt=position)
    return links.order_by("-position").values_list("sealed_at", flat=True).first()
