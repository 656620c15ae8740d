"""A process of the deployment that a test talks to: JSON lines in, JSON lines out.

``python -m tests.faults.console``; each request names a function of :mod:`tests.faults.remote`.
"""

from __future__ import annotations

import json
import sys
import time
import traceback

import django


def say(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    django.setup()
    from django.db import close_old_connections

    from tests.faults import remote

    say({"ready": True})
    for line in sys.stdin:
        request = json.loads(line)
        close_old_connections()
        began = time.monotonic()
        try:
            answer: dict[str, object] = {"result": getattr(remote, request["call"])(**request["arguments"])}
        except Exception as error:
            answer = {
                "error": type(error).__name__,
                "code": getattr(error, "code", ""),
                "trace": traceback.format_exc(),
            }
        answer["seconds"] = time.monotonic() - began
        say(answer)


if __name__ == "__main__":
    main()
