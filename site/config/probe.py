"""A container's health check, without curl: ``python -m config.probe web /readyz`` or ``… worker``.

Exit status 0 where the answer is good. ``web`` asks this machine's server by a name that it answers to;
``worker`` looks whether this machine wrote a heartbeat that says it would find a banned picture.
"""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Sequence

HTTP_OK = 200


def main(argv: Sequence[str]) -> int:
    """Run the probe that ``argv`` names: ``web PATH`` or ``worker``."""
    match list(argv):
        case ["web", path]:
            return web(path)
        case ["worker"]:
            return worker()
    sys.stderr.write(f"{__doc__}\n")
    return 2


def web(path: str) -> int:
    """Ask for ``path`` (GET) from this machine, as the proxy in front would."""
    host = os.environ.get("ALLOWED_HOSTS", "").replace(",", " ").split()
    headers = {"Host": host[0].lstrip(".") if host else "localhost", "X-Forwarded-Proto": "https"}
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=5)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        sys.stdout.write(answer.read(2_000).decode(errors="replace") + "\n")
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"{type(error).__name__}\n")
        return 1
    return 0 if answer.status == HTTP_OK else 1


def worker() -> int:
    """Return whether a process of this machine is well."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.db import Error

    from moderation.services.operations import heartbeat

    machine = heartbeat.process_name().rpartition(":")[0]
    try:
        well = heartbeat.sound().filter(name__startswith=f"{machine}:").exists()
    except Error as error:
        sys.stderr.write(f"{type(error).__name__}\n")
        return 1
    sys.stdout.write("well\n" if well else "no fresh heartbeat of this machine\n")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
