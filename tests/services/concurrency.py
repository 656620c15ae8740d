"""Run something in a thread that has a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import connections

T = TypeVar("T")


class Elsewhere(Generic[T]):
    """A call in another thread; what it raises is raised by :meth:`result`."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._value: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._value.append(self._call())
        except BaseException as error:  # handed to the test by result()
            self._error = error
        finally:
            connections.close_all()

    @property
    def running(self) -> bool:
        """Whether it has not come back yet."""
        return self._thread.is_alive()

    def result(self, *, deadline: float = 30.0) -> T:
        """Wait for the value; fails after ``deadline`` seconds."""
        self._thread.join(deadline)
        assert not self._thread.is_alive(), "still running"
        if self._error is not None:
            raise self._error
        return self._value[0]
