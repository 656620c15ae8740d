"""Functions for the sandbox's child that misbehave on demand. The picture's bytes say how."""

from __future__ import annotations

import ctypes
import hashlib
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

from moderation.domain.analysis import Analysis, AnalysisOptions, Code, Encoded, Limits, Probe
from moderation.exceptions import TooManyPixels

PNG = b"\x89PNG\r\n\x1a\n"


def probe(data: bytes, limits: Limits) -> Probe:
    if data == b"refuse":
        raise TooManyPixels("Too many: 81 megapixels.")
    return Probe(format="PNG", width=len(data), height=1, frames=1)


def analyse(data: bytes, options: AnalysisOptions) -> Analysis:
    word, _, rest = data.partition(b" ")
    note = _ACTIONS[word](rest) if word in _ACTIONS else ""
    digest = hashlib.sha256(b"another" if word == b"lie" else data).digest()
    code = Code(algorithm="dhash256/1", bits=bytes(range(32)), view=0, variant="frame 1, on black")
    return Analysis(
        probe=Probe(format="PNG", width=7, height=5, frames=1),
        sha256=digest,
        pixels=bytes(32),
        queries=(code, code),
        enrolment=(code,),
        quality=0.5,
        flat=False,
        clean=Encoded(data=PNG + data, format="PNG", width=7, height=5),
        notes=(note,) if note else (),
    )


def _hang(rest: bytes) -> str:
    # In C and with the GIL held: no signal handler of Python's ever runs.
    ctypes.PyDLL(None).sleep(600)
    return ""


def _crash(rest: bytes) -> str:
    os.abort()


def _segfault(rest: bytes) -> str:
    ctypes.string_at(0)
    return ""


def _vanish(rest: bytes) -> str:
    os._exit(0)


def _fail(rest: bytes) -> str:
    raise LookupError(f"secret {rest!r}")


def _swell(rest: bytes) -> str:
    return str(len(bytearray(1 << 32)))


def _burn(rest: bytes) -> str:
    while True:
        hashlib.sha256(bytes(1_000_000)).digest()


def _garbage(rest: bytes) -> str:
    os.write(0, rest * 1000)
    time.sleep(600)
    return ""


def _read(rest: bytes) -> str:
    try:
        return f"read {len(Path(os.fsdecode(rest)).read_bytes())}"
    except OSError as error:
        return f"refused {error.errno}"


def _write(rest: bytes) -> str:
    try:
        Path(os.fsdecode(rest)).write_bytes(b"x")
    except OSError:
        return "refused"
    return "written"


def _connect(rest: bytes) -> str:
    try:
        with socket.create_connection(("127.0.0.1", int(rest)), timeout=2):
            return "connected"
    except OSError:
        return "refused"


def _signal(rest: bytes) -> str:
    try:
        os.kill(int(rest), 0)
    except OSError:
        return "refused"
    return "possible"


def _fork(rest: bytes) -> str:
    try:
        if os.fork() == 0:
            os._exit(0)
    except OSError:
        return "refused"
    return "possible"


def _tell(rest: bytes) -> str:
    tellers: dict[bytes, Callable[[], str]] = {
        b"pid": lambda: str(os.getpid()),
        b"environment": lambda: ",".join(sorted(os.environ)),
        b"open": lambda: ",".join(str(number) for number in range(256) if _is_open(number)),
    }
    return tellers[rest]()


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _wait(rest: bytes) -> str:
    time.sleep(float(rest))
    return str(os.getpid())


_ACTIONS = {
    b"hang": _hang,
    b"crash": _crash,
    b"segfault": _segfault,
    b"vanish": _vanish,
    b"fail": _fail,
    b"swell": _swell,
    b"burn": _burn,
    b"garbage": _garbage,
    b"read": _read,
    b"write": _write,
    b"connect": _connect,
    b"signal": _signal,
    b"fork": _fork,
    b"tell": _tell,
    b"wait": _wait,
}
