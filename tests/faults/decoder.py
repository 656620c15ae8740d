"""The real decoder, behind a switch: bytes after the end of a picture tell it how to misbehave.

The picture before them is a good one, so the door takes it, as it takes a picture that crashes a
decoder. The sandbox's child, its limits and its death are real.
"""

from __future__ import annotations

import ctypes
import os
import time

from moderation.domain import pipeline
from moderation.domain.analysis import Analysis, AnalysisOptions

MARK = b"\nmisbehave:"


def analyse(data: bytes, options: AnalysisOptions) -> Analysis:
    _, mark, order = data.rpartition(MARK)
    if mark:
        word, _, value = order.decode().partition(" ")
        _ORDERS[word](float(value or 0))
    return pipeline.analyse(data, options)


def poisoned(picture: bytes, order: str) -> bytes:
    """Return ``picture`` with an order behind it: ``crash``, ``hang``, ``swell``, ``slow 2.5``."""
    return picture + MARK + order.encode()


def _crash(_value: float) -> None:
    ctypes.string_at(0)


def _hang(_value: float) -> None:
    # In C and with the GIL held.
    ctypes.PyDLL(None).sleep(600)


def _swell(_value: float) -> None:
    bytearray(1 << 33)


def _slow(seconds: float) -> None:
    time.sleep(seconds)


def _vanish(_value: float) -> None:
    os._exit(1)


_ORDERS = {"crash": _crash, "hang": _hang, "swell": _swell, "slow": _slow, "vanish": _vanish}
