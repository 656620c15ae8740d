"""A process of the deployment that a test talks to: JSON lines in, JSON lines out.

``python -m tests.faults.console``; each request names a function of :mod:`tests.faults.remote`.
"""

from __future__ import annotations

import json
import sys
import time
import traceback

import django


def main() -> None:
    django.setup()
    from django.db import close_old_connections

    from tests.faults import remote

    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        close_old_connections()
        began = time.monotonic()
        try:
            answer = {"result": getattr(remote, request["call"])(**request["arguments"])}
        except Exception as error:  # noqa: BLE001 (it is raised again in the test)
            answer = {
                "error": type(error).__name__,
                "code": getattr(error, "code", ""),
                "trace": traceback.format_exc(),
            }
        answer["seconds"] = time.monotonic() - began
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
