r"""Bytes from outside are opened here and nowhere else: in a child process that can do little.

:class:`Sandbox` keeps warm children and hands each picture to one of them. A child has an address-space
limit, a deadline after which it is killed, no environment, no descriptor but its one channel, and it
ends with its parent. What it answers is data of a known type, never a pickle, and is checked
(:mod:`.trust`). It is started with :mod:`subprocess`, so it works in the daemonic processes of Celery's
prefork pool, in threads, and after a fork.

What else the platform gives is taken, and :meth:`Sandbox.containment` says what it was:

=====================  ==============================  =====================  ==================
\                       Linux                           macOS                  other POSIX
=====================  ==============================  =====================  ==================
deadline, CPU, files   yes                             yes                    yes
memory                 ``RLIMIT_AS``                   not limited            as the system does
no network             namespace; seccomp; Landlock    no                     no
its own code only      Landlock (5.13 and later)       no                     no
no new processes       seccomp, ``RLIMIT_NPROC``       ``RLIMIT_NPROC``       ``RLIMIT_NPROC``
dies with the parent   at once (parent-death signal)   when its channel ends  as macOS
=====================  ==============================  =====================  ==================

Containers often forbid user namespaces (Docker's default profile does); seccomp then still keeps the
child from making a socket, and Landlock from reading files or the memory of its parent. seccomp is
used on x86-64 and ARM64. Windows is not supported.

Choices that look odd: children are started by a thread of their own (:mod:`.spawner` says why), and
seccomp refuses rather than kills, because a decoder that asks for the number of cores is no attack.
"""

from __future__ import annotations

from moderation.domain.sandbox.front import Sandbox
from moderation.domain.sandbox.limits import SandboxLimits

__all__ = ["Sandbox", "SandboxLimits"]
