"""JPEG files, marker by marker, as far as their first picture goes."""

from __future__ import annotations

import re

MAX_SCANNED_PIXELS = 600_000_000
"""Scans × pixels of a JPEG: each scan of a progressive one runs over every coefficient of the picture, at whatever
scale it is decoded. Encoders write up to 13 scans, so that the largest picture that is taken by default stays below."""

_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_START_OF_SCAN = 0xDA
_END = 0xD9
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


def count_scans(data: bytes) -> int:
    """Return the number of scans of the first picture in the file."""
    scans, position = 0, 2
    while (found := _MARKER.search(data, position)) is not None:
        marker, position = data[found.start() + 1], found.end()
        if marker == _END:
            break
        scans += marker == _START_OF_SCAN
        if marker not in _WITHOUT_LENGTH:
            position += max(2, int.from_bytes(data[position : position + 2], "big"))
    return scans
