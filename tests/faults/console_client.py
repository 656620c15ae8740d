"""A test's end of the process in :mod:`tests.faults.console`."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class RemoteError(Exception):
    """What a console's function raised."""

    def __init__(self, name: str, code: str, trace: str) -> None:
        super().__init__(f"{name} ({code})\n{trace}")
        self.name = name
        self.code = code


class ConsoleEndedError(Exception):
    """The console's process is gone; the argument is its exit status."""


def in_text(data: bytes) -> str:
    """Return bytes for a JSON line."""
    return base64.b64encode(data).decode()


class Console:
    """A process of the site that calls services for a test."""

    def __init__(self, environment: Mapping[str, str], log: Path, *, within: Sequence[str] = ()) -> None:
        with log.open("ab") as stderr:
            self.process = subprocess.Popen(
                [*within, sys.executable, "-m", "tests.faults.console"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                cwd=ROOT,
                env=dict(environment),
            )
        assert self._answer() == {"ready": True}

    def send(self, call: str, **arguments: object) -> None:
        """Ask without waiting for the answer: see :meth:`receive`."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"call": call, "arguments": arguments}) + "\n")
        self.process.stdin.flush()

    def receive(self) -> Any:
        """Return the answer to the oldest question. Raises RemoteError."""
        answer = self._answer()
        self.seconds = float(answer["seconds"])
        if "error" in answer:
            raise RemoteError(answer["error"], answer["code"], answer["trace"])
        return answer["result"]

    def call(self, call: str, **arguments: object) -> Any:
        self.send(call, **arguments)
        return self.receive()

    def submit(self, data: bytes, name: str = "somebody") -> int:
        """Upload a picture; the upload's id."""
        return int(self.call("submit", data=in_text(data), name=name)["id"])

    def ban(self, data: bytes, name: str = "") -> dict[str, Any]:
        answer: dict[str, Any] = self.call("ban", data=in_text(data), name=name)
        return answer

    def status(self, upload: int) -> str:
        return str(self.call("upload", upload_id=upload)["status"])

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise ConsoleEndedError(self.process.wait(10))
        answer: dict[str, Any] = json.loads(line)
        return answer
