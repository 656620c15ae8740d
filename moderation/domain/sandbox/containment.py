"""What a child does to itself before it sees the first byte from outside.

:func:`enclose` runs before the decoders are imported, :func:`seal` afterwards. What the platform does
not give is not an error: both return it in words, and ``doctor`` shows it.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

from moderation.domain.sandbox import kernel

_ON_LINUX = sys.platform.startswith("linux")
_SYSTEM_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")


def enclose(*, memory: int, open_files: int, cpu_seconds: int, parent: int) -> dict[str, str]:
    """Set the limits, leave the network, and arrange to die with the parent process."""
    got = {
        "platform": sys.platform,
        "memory": _limit(resource.RLIMIT_AS, memory),
        "cpu": _limit(resource.RLIMIT_CPU, cpu_seconds),
        "written files": _limit(resource.RLIMIT_FSIZE, 0),
        "open files": _limit(resource.RLIMIT_NOFILE, open_files),
        "core dumps": _limit(resource.RLIMIT_CORE, 0),
    }
    if not _ON_LINUX:
        return got | dict.fromkeys(
            ("network", "capabilities", "privileges", "dies with parent"), "not available"
        )
    got["privileges"] = _tried(kernel.no_new_privileges, "no new ones")
    got["network"] = _leave_network()
    got["capabilities"] = _tried(kernel.drop_capabilities, "none")
    # After the namespace: a change of credentials clears the parent-death signal.
    got["dies with parent"] = _tried(lambda: kernel.die_with_parent(signal.SIGKILL), "yes")
    if os.getppid() != parent:  # it died before we asked
        sys.exit(1)
    return got


def seal() -> dict[str, str]:
    """Close the file system and the system calls. The decoders are imported by now."""
    # Threads and forks are not needed: every codec is told to use one thread.
    got = {"processes": _limit(resource.RLIMIT_NPROC, 0)}
    if not _ON_LINUX:
        return got | dict.fromkeys(("files", "system calls"), "not available")
    got["files"] = _tried(
        lambda: f"Landlock {kernel.forbid_files_except(set(_code_folders()))}: reads its own code only"
    )
    got["system calls"] = _tried(kernel.forbid_reaching_out, "seccomp: none that reach out of the process")
    return got


def grant_cpu(seconds: float) -> None:
    """Let the process use ``seconds`` more of processor time, then the kernel ends it (SIGXCPU)."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(
        resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard)
    )


def _limit(which: int, value: int) -> str:
    _, hard = resource.getrlimit(which)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    try:
        resource.setrlimit(which, (value, value))
    except (OSError, ValueError):  # macOS refuses some, RLIMIT_AS among them
        return "not limited"
    return str(value)


def _leave_network() -> str:
    for with_user, words in (
        (True, "own empty namespace, own user namespace"),
        (False, "own empty namespace"),
    ):
        try:
            kernel.leave_network(with_user=with_user)
        except OSError:
            continue
        return words
    return "not separated by namespace"


def _tried(step: Callable[[], str | None], words: str = "") -> str:
    try:
        return step() or words
    except (OSError, AttributeError) as error:  # AttributeError: a C library without the function
        return f"not available: {error}"


def _code_folders() -> Iterator[Path]:
    for name in ("stdlib", "platstdlib", "purelib", "platlib"):
        yield Path(sysconfig.get_path(name))
    yield from map(Path, _SYSTEM_LIBRARIES)
    # Packages that live elsewhere. Not all of sys.path: a checkout's root also holds the demo's files.
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and "." not in name and name != "__main__":
            path = Path(file)
            yield path.parent if path.name.startswith("__init__.") else path
