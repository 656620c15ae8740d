"""The few Linux calls that Python 3.11 does not offer. Each raises OSError where it is not allowed.

Only for a process that is about to give something up; nothing here is needed on other systems.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWNET = 0x40000000
_CLONE_NEWUSER = 0x10000000
_CAPABILITY_VERSION = 0x20080522

# The same numbers on every architecture.
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3


_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""Machine → its number in the audit headers, and its column in the table below."""

_REACHING_OUT = {
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "socketpair": (53, 199),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "kill": (62, 129),
    "ptrace": (101, 117),
    "mount": (165, 40),
    "tkill": (200, 130),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "unshare": (272, 97),
    "perf_event_open": (298, 241),
    "open_by_handle_at": (304, 265),
    "setns": (308, 268),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "bpf": (321, 280),
    "execveat": (322, 281),
    "userfaultfd": (323, 282),
    "pidfd_send_signal": (424, 424),
    "io_uring_setup": (425, 425),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
}
"""System call numbers (asm/unistd_64.h, asm-generic/unistd.h). `tgkill` is not here: abort() is one."""

_CLONE = (56, 220)
_CLONE3 = (435, 435)
_PRLIMIT = (302, 261)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _prctl(option: int, *values: int) -> None:
    padded = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    _checked(_libc().prctl(option, *padded))


def die_with_parent(signal: int) -> None:
    """Ask for ``signal`` when the *thread* that started this process ends (prctl(2))."""
    _prctl(_PR_SET_PDEATHSIG, signal)


def no_new_privileges() -> None:
    """Renounce privileges: no set-user-id program gives this process anything from now on."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def leave_network(*, with_user: bool) -> None:
    """Move into a network namespace of its own, which has no interfaces.

    ``with_user`` takes a user namespace along, which needs no privilege where the system allows it.
    """
    _checked(_libc().unshare(_CLONE_NEWNET | (_CLONE_NEWUSER if with_user else 0)))


def drop_capabilities() -> None:
    """Give up every capability, also those that a new user namespace grants within itself."""
    for capability in range(64):
        try:
            _prctl(_PR_CAPBSET_DROP, capability)
        except OSError:  # past the last one, or not ours to drop: capset() below takes what is held
            break
    header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
    _checked(_libc().capset(header, bytes(24)))


def forbid_files_except(readable: Iterable[Path]) -> int:
    """Restrict this process by Landlock: from now on only what lies under ``readable`` can be opened, and only for
    reading.

    Also bars TCP, abstract sockets, and signals and ptrace to processes outside, as far as the kernel
    knows how to. Returns the version of Landlock's interface. Needs :func:`no_new_privileges`.
    """
    libc = _libc()
    version = _checked(libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1))
    files = (1 << 13) - 1
    for since, right in ((2, 1 << 13), (3, 1 << 14), (5, 1 << 15)):
        if version >= since:
            files |= right
    rules = struct.pack("QQQ", files, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _checked(libc.syscall(_LANDLOCK_CREATE, rules[:size], ctypes.c_size_t(size), 0))
    try:
        for path in readable:
            _allow_reading(ruleset, path)
        _checked(libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0))
    finally:
        os.close(ruleset)
    return version


def _allow_reading(ruleset: int, path: Path) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = _READ_FILE | (_READ_DIR if path.is_dir() else 0)
        rule = struct.pack("=Qi", rights, place)
        _checked(_libc().syscall(_LANDLOCK_ADD, ruleset, 1, rule, 0))
    finally:
        os.close(place)


class _Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("program", ctypes.c_char_p)]


def forbid_reaching_out() -> None:
    """Restrict this process by seccomp: no sockets, programs, signals to others, ptrace, namespaces, io_uring (all
    EPERM).

    Needs :func:`no_new_privileges`. Raises OSError on an architecture whose numbers are not known.
    """
    if platform.machine() not in _ARCHITECTURES:
        raise OSError(f"no system call numbers for {platform.machine()}")
    instructions = _program(*_ARCHITECTURES[platform.machine()])
    program = b"".join(struct.pack("HBBI", *instruction) for instruction in instructions)
    described = _Filter(len(program) // 8, program)
    _checked(_libc().prctl(_PR_SET_SECCOMP, 2, ctypes.byref(described)))


def _program(audit: int, column: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the instructions of the filter: (code, jump if true, jump if false, operand)."""
    load, equal, at_least, any_bit, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse, unknown, kill = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
    yield from [(load, 0, 0, 4), (equal, 1, 0, audit), (answer, 0, 0, kill)]
    # The number; the x32 twins of the same calls have a high bit.
    yield from [(load, 0, 0, 0), (at_least, 0, 1, 0x40000000), (answer, 0, 0, refuse)]
    for number in filter(None, (numbers[column] for numbers in _REACHING_OUT.values())):
        yield from [(equal, 0, 1, number), (answer, 0, 0, refuse)]
    # "Not implemented", so that the C library falls back to `clone`, whose flags can be looked at.
    yield from [(equal, 0, 1, _CLONE3[column]), (answer, 0, 0, unknown)]
    # Threads may be made, processes may not.
    yield from [(equal, 0, 4, _CLONE[column]), (load, 0, 0, 16), (any_bit, 1, 0, 0x10000)]
    yield from [(answer, 0, 0, refuse), (answer, 0, 0, allow)]
    # Limits may be set for the process itself (pid 0) and no other.
    yield from [(equal, 0, 3, _PRLIMIT[column]), (load, 0, 0, 16), (equal, 1, 0, 0), (answer, 0, 0, refuse)]
    yield (answer, 0, 0, allow)
