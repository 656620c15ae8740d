"""Waiting for a condition, with a deadline, instead of sleeping and hoping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def eventually(
    condition: Callable[[], Value],
    *,
    deadline: float = 10.0,
    pause: float = 0.02,
    expect: Callable[[Value], bool] = bool,
    or_say: Callable[[], object] | str = "",
) -> Value:
    """Return the first value of ``condition()`` that is as expected (truthy), asked again and again.

    Raises AssertionError after ``deadline`` seconds, with the last value, the last exception, and what
    ``or_say`` says (a log's tail, say).
    """
    until = time.monotonic() + deadline
    last: object = None
    while True:
        try:
            value = condition()
            if expect(value):
                return value
            last = value
        except Exception as error:  # it may pass: a server that is not up yet
            last = error
        if time.monotonic() > until:
            word = or_say() if callable(or_say) else or_say
            raise AssertionError(f"not within {deadline} s; last: {last!r} {word}")
        time.sleep(pause)


def never(condition: Callable[[], object], *, during: float, pause: float = 0.02) -> None:
    """Raise AssertionError if the condition comes true within ``during`` seconds."""
    until = time.monotonic() + during
    while time.monotonic() < until:
        value = condition()
        assert not value, f"came true: {value!r}"
        time.sleep(pause)
