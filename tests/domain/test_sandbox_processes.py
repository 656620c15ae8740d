"""The sandbox under the process models of those who use it: forks, daemonic pool children, dead parents."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from moderation.domain.analysis import AnalysisOptions
from moderation.domain.sandbox import Sandbox, SandboxLimits

ROOT = Path(__file__).resolve().parents[2]
DOUBLES = {"analyse": "tests.domain.sandbox_doubles:analyse"}
PARENT = """
import sys, time
from moderation.domain.analysis import AnalysisOptions
from moderation.domain.sandbox import Sandbox, SandboxLimits
box = Sandbox(SandboxLimits(workers=1, deadline=600), targets={"analyse": "tests.domain.sandbox_doubles:analyse"})
print(box.analyse(b"tell pid", AnalysisOptions()).notes[0], flush=True)
if sys.argv[1] == "busy":
    box.analyse(b"hang", AnalysisOptions())
if sys.argv[1] == "leave":
    raise SystemExit
time.sleep(600)
"""


def note(box: Sandbox, data: bytes) -> str:
    return box.analyse(data, AnalysisOptions()).notes[0]


def gone(pid: int) -> bool:
    """Return whether the process ended; a zombie that nobody waited for has ended too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def _ends(pid: int, *, within: float) -> bool:
    until = time.monotonic() + within
    while not gone(pid):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize("state", ["idle", "busy", "leave"])
def test_children_die_with_their_parent(state: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, state], stdout=subprocess.PIPE, cwd=ROOT)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    if state != "leave":
        parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()

    assert _ends(child, within=3)


def test_a_fork_starts_its_own_and_leaves_the_others_alone() -> None:
    with Sandbox(SandboxLimits(workers=1), targets=DOUBLES) as box:
        ours = note(box, b"tell pid")
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            os.write(writing, note(box, b"tell pid").encode())
            box.close()
            os._exit(0)
        os.close(writing)
        os.waitpid(process, 0)
        with os.fdopen(reading) as pipe:
            theirs = pipe.read()

        assert theirs.isdigit()
        assert theirs != ours
        assert note(box, b"tell pid") == ours


def _in_daemon(answers: multiprocessing.SimpleQueue[str]) -> None:
    with Sandbox(SandboxLimits(workers=1), targets=DOUBLES) as box:
        answers.put(note(box, b"tell pid"))


def test_it_works_in_a_daemonic_process() -> None:
    # Celery's prefork children are daemonic: multiprocessing would refuse to start children there.
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    process = context.Process(target=_in_daemon, args=(answers,), daemon=True)
    process.start()
    process.join(30)

    assert process.exitcode == 0
    assert answers.get().isdigit()


def test_importing_it_is_cheap() -> None:
    code = "import sys; import moderation.domain.sandbox; print('PIL' in sys.modules, 'numpy' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)

    assert said.stdout.split() == ["False", "False"]
