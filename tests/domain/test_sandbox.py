"""The sandbox does what the functions in it do, and fails in known ways when they do not."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from moderation.domain.analysis import AnalysisOptions, Limits, Probe
from moderation.domain.sandbox import Sandbox, SandboxLimits
from moderation.exceptions import (
    DecoderCrashed,
    DecoderOutOfMemory,
    DecoderTimeout,
    SandboxBusy,
    SandboxUnavailable,
    TooManyPixels,
)

DOUBLES = {
    "probe": "tests.domain.sandbox_doubles:probe",
    "analyse": "tests.domain.sandbox_doubles:analyse",
}
OPTIONS = AnalysisOptions()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SandboxLimits(deadline=3, workers=1), targets=DOUBLES) as box:
        yield box


def note(box: Sandbox, data: bytes) -> str:
    return box.analyse(data, OPTIONS).notes[0]


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_analysis_comes_through_the_wall_unchanged(sandbox: Sandbox) -> None:
    data = bytes(range(256)) * 100

    analysis = sandbox.analyse(data, OPTIONS)

    assert analysis.probe == Probe(format="PNG", width=7, height=5, frames=1)
    assert analysis.clean is not None
    assert analysis.clean.data.endswith(data)
    assert analysis.queries[0].bits == bytes(range(32))
    assert analysis.evidence is None


def test_a_refusal_comes_back_as_the_same_class_and_words(sandbox: Sandbox) -> None:
    with pytest.raises(TooManyPixels, match="81 megapixels"):
        sandbox.probe(b"refuse", Limits())


def test_a_refusal_costs_no_child(sandbox: Sandbox) -> None:
    before = note(sandbox, b"tell pid")
    with pytest.raises(TooManyPixels):
        sandbox.probe(b"refuse", Limits())

    assert note(sandbox, b"tell pid") == before


@pytest.mark.parametrize("word", [b"crash", b"segfault", b"vanish", b"fail"])
def test_a_child_that_breaks_is_replaced(sandbox: Sandbox, word: bytes) -> None:
    before = note(sandbox, b"tell pid")

    with pytest.raises(DecoderCrashed):
        sandbox.analyse(word, OPTIONS)

    assert note(sandbox, b"tell pid") != before
    assert not running(int(before))


def test_memory_is_limited(sandbox: Sandbox) -> None:
    with pytest.raises(DecoderOutOfMemory):
        sandbox.analyse(b"swell", OPTIONS)


@pytest.mark.parametrize("word", [b"hang", b"burn"])
def test_the_deadline_ends_a_loop_in_c_and_one_that_computes(word: bytes) -> None:
    with Sandbox(SandboxLimits(deadline=0.5, workers=1), targets=DOUBLES) as box:
        pid = int(note(box, b"tell pid"))
        began = time.monotonic()

        with pytest.raises(DecoderTimeout):
            box.analyse(word, OPTIONS)

        assert time.monotonic() - began < 6
        assert not running(pid)


def test_waiting_costs_no_processor_time() -> None:
    """A busy machine must not decide which pictures finish."""
    with Sandbox(SandboxLimits(deadline=0.5, workers=1), targets=DOUBLES) as box:
        pid = note(box, b"tell pid")
        assert note(box, b"wait 1") == pid
        assert note(box, b"wait 1") == pid, "the time of one picture is not counted for the next"


def test_the_log_names_the_place_but_not_the_data(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(DecoderCrashed):
        sandbox.analyse(b"fail 0123456789abcdef", OPTIONS)

    assert "LookupError" in caplog.text
    assert "_fail" in caplog.text
    assert "0123456789abcdef" not in caplog.text


def test_children_are_recycled() -> None:
    with Sandbox(SandboxLimits(recycle_after=2, workers=1), targets=DOUBLES) as box:
        pids = [note(box, b"tell pid") for _ in range(5)]

    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]


def test_threads_share_at_most_the_workers() -> None:
    with Sandbox(SandboxLimits(workers=2), targets=DOUBLES) as box, ThreadPoolExecutor(6) as threads:
        pids = set(threads.map(lambda _: note(box, b"wait 0.1"), range(12)))

    assert len(pids) == 2


def test_one_caller_needs_one_child(sandbox: Sandbox) -> None:
    with Sandbox(SandboxLimits(workers=4), targets=DOUBLES) as box:
        for _ in range(5):
            box.probe(b"1234", Limits())

        assert len(box.pids()) == 1


def test_a_child_outlives_the_thread_that_wanted_it() -> None:
    with Sandbox(SandboxLimits(workers=1), targets=DOUBLES) as box:
        pids: list[str] = []
        for _ in range(2):
            thread = threading.Thread(target=lambda: pids.append(note(box, b"tell pid")))
            thread.start()
            thread.join()

    assert pids[0] == pids[1]


def test_a_child_killed_while_idle_is_replaced_unnoticed(sandbox: Sandbox) -> None:
    pid = int(note(sandbox, b"tell pid"))
    os.kill(pid, 9)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    assert note(sandbox, b"tell pid") != str(pid)


def test_waiting_for_a_child_is_bounded() -> None:
    limits = SandboxLimits(workers=1, patience=0.2)
    with Sandbox(limits, targets=DOUBLES) as box, ThreadPoolExecutor(2) as threads:
        box.probe(b"1", Limits())
        errors = [threads.submit(box.analyse, b"wait 1", OPTIONS).exception for _ in range(2)]

        assert {type(error()) for error in errors} == {type(None), SandboxBusy}


def test_a_child_that_cannot_start_is_said_so_and_the_place_is_free_again() -> None:
    with Sandbox(SandboxLimits(workers=1), targets={"analyse": "tests.domain.nowhere:gone"}) as box:
        for _ in range(2):
            with pytest.raises(SandboxUnavailable):
                box.analyse(b"1", OPTIONS)


def test_an_interpreter_that_is_not_there_is_said_so() -> None:
    box = Sandbox(SandboxLimits(workers=1), targets=DOUBLES, executable="/nowhere/python")
    with box, pytest.raises(SandboxUnavailable):
        box.analyse(b"1", OPTIONS)


def test_close_kills_idle_and_busy_children() -> None:
    box = Sandbox(SandboxLimits(workers=2), targets=DOUBLES)
    with ThreadPoolExecutor(1) as threads:
        idle = int(note(box, b"tell pid"))
        busy = threads.submit(box.analyse, b"hang", OPTIONS)
        while not busy.running():
            time.sleep(0.01)
        box.close()
        box.close()

        with pytest.raises((DecoderCrashed, SandboxUnavailable)):
            busy.result(timeout=5)
    assert not running(idle)
    with pytest.raises(SandboxUnavailable):
        box.probe(b"1", Limits())


def test_twenty_megabytes_go_through(sandbox: Sandbox) -> None:
    assert sandbox.analyse(b"x" * 20 * 1024 * 1024, OPTIONS).clean is not None
