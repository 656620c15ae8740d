"""Sending a wake-up costs the caller nothing, whatever the broker does."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator

import pytest

from moderation.dispatch.publisher import Publisher
from tests.waiting import eventually


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Yield an event at which a broker answers; it is always set in the end."""
    event = threading.Event()
    yield event
    event.set()


def test_what_is_published_is_sent_in_order() -> None:
    sent: list[int] = []
    publisher = Publisher()

    for number in range(50):
        publisher.publish(lambda number=number: sent.append(number), what="a wake-up")  # type: ignore[misc]

    assert publisher.flush(within=5)
    assert sent == list(range(50))


def test_a_broker_that_hangs_holds_nobody_up(gate: threading.Event) -> None:
    publisher = Publisher()
    began = time.monotonic()

    for _ in range(100):
        publisher.publish(gate.wait, what="a wake-up")

    assert time.monotonic() - began < 0.1
    assert not publisher.flush(within=0.1)


def test_a_failure_is_logged_once_for_all_that_wait_behind_it(
    gate: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> None:
        gate.wait()
        raise ConnectionError

    sent: list[int] = []
    publisher = Publisher()
    publisher.publish(refuse, what="wake-up for upload 7")
    for number in range(5):
        publisher.publish(lambda number=number: sent.append(number), what="another")  # type: ignore[misc]

    with caplog.at_level(logging.ERROR):
        gate.set()
        assert publisher.flush(within=5)

    assert sent == []
    (record,) = caplog.records
    assert "upload 7" in record.getMessage()
    assert "ConnectionError" in record.getMessage()
    assert "5 behind it" in record.getMessage()


def test_after_a_failure_it_goes_on() -> None:
    sent: list[str] = []
    publisher = Publisher()
    publisher.publish(lambda: 1 / 0, what="a wake-up")
    assert publisher.flush(within=5)

    publisher.publish(lambda: sent.append("again"), what="a wake-up")

    assert publisher.flush(within=5)
    assert sent == ["again"]


def test_what_is_too_much_is_left_to_the_sweep(
    gate: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = Publisher(most=2)
    publisher.publish(gate.wait, what="the first")
    eventually(lambda: publisher._work.qsize() == 0)

    with caplog.at_level(logging.ERROR):
        for number in range(4):
            publisher.publish(gate.wait, what=f"wake-up {number}")

    assert [record.args for record in caplog.records] == [("wake-up 2",), ("wake-up 3",)]


def test_a_forked_process_has_a_thread_of_its_own(gate: threading.Event) -> None:
    publisher = Publisher()
    publisher.publish(gate.wait, what="the parent's")
    reading, writing = os.pipe()

    child = os.fork()
    if child == 0:
        publisher.publish(lambda: os.write(writing, b"sent"), what="the child's")
        publisher.flush(within=5)
        os._exit(0)
    os.waitpid(child, 0)

    assert os.read(reading, 10) == b"sent"
    os.close(reading)
    os.close(writing)
