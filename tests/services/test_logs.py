"""JSON logs: one object a line, with ids, without hashes and bytes."""

from __future__ import annotations

import json
import logging

import pytest

from moderation.services import logs


def _line(message: str, *arguments: object, error: BaseException | None = None) -> dict[str, object]:
    exc_info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("moderation.x", logging.INFO, __file__, 1, message, arguments, exc_info)
    line: dict[str, object] = json.loads(logs.JSONFormatter().format(record))
    return line


def test_a_line_is_one_object_with_the_ids_of_what_is_worked_on() -> None:
    with logs.about(task="0b7d2f9e-6a5a-4f53-9d53-1c8f4c1c9a11"), logs.about(upload=12):
        line = _line("upload %s:\napproved", 12)

    assert line["message"] == "upload 12:\napproved"
    assert (line["upload"], line["task"]) == (12, "0b7d2f9e-6a5a-4f53-9d53-1c8f4c1c9a11")
    assert (line["level"], line["logger"]) == ("INFO", "moderation.x")
    assert "upload" not in _line("afterwards")


@pytest.mark.parametrize("secret", ["ffd8a0b1c2d3e4f5", "9f" * 32, "AB" * 16])
def test_hashes_stay_out(secret: str) -> None:
    assert secret not in str(_line("the code is %s, so", secret))


def test_ids_are_no_hashes() -> None:
    task = "0b7d2f9e-6a5a-4f53-9d53-1c8f4c1c9a11"

    assert task in str(_line("task %s", task)["message"])


def test_bytes_stay_out_of_messages_and_tracebacks() -> None:
    data = b'\xff\xd8\xff\xe0 it\'s a "picture"'

    def fail() -> None:
        raise ValueError(data)

    with pytest.raises(ValueError, match="xff") as caught:
        fail()

    line = _line("got %r", data, error=caught.value)

    assert line["error"] == "ValueError"
    assert "[bytes]" in str(line["message"])
    assert "xff" not in str(line)
    assert "picture" not in str(line)
