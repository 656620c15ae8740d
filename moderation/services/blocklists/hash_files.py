"""Files of hashes, line by line: CSV with the header ``algorithm,hash`` and optional ``id,label,source``,
or JSON lines with the same keys."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

from moderation.domain.algorithms import ALGORITHMS, algorithm_named
from moderation.domain.fingerprints import NEARLY_CONSTANT, format_code, nearly_constant, parse_code
from moderation.exceptions import HashFileUnreadable, UnknownAlgorithm

COLUMNS = ("algorithm", "hash", "id", "label", "source")
REQUIRED = COLUMNS[:2]
LONGEST_LINE = 65_536
"""Bytes."""
LONGEST_ID = 200
JSON_ENDINGS = (".jsonl", ".ndjson", ".json")


@dataclass(frozen=True, slots=True)
class HashLine:
    """One hash."""

    number: int
    """Of the line in its file, from 1."""
    algorithm: str
    """With its version."""
    bits: bytes
    external_id: str = ""
    label: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class BadLine:
    """One that is left out."""

    number: int
    message: str


class HashFile:
    """Iterates over the lines of a file, good and bad; blank ones are skipped.

    Raises :class:`HashFileUnreadable` for a CSV file without its header, and for a folder.
    """

    def __init__(self, path: Path) -> None:
        if path.exists() and not path.is_file():
            # It is read more than once: to know it again, to check it as a whole, and to import it.
            raise HashFileUnreadable(f"{path.name} is no regular file. Save what comes through a pipe first.")
        try:
            self._file: IO[bytes] = path.open("rb")
        except OSError as error:
            raise HashFileUnreadable(f"{path.name} cannot be read: {error.strerror}.") from error
        self.number = 0
        """Of the last line that was read."""
        self._split = self._format(path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def position(self) -> int:
        """Bytes that have been read."""
        return self._file.tell()

    def skip_to(self, number: int) -> None:
        """Leave out the lines up to this one."""
        while self.number < number and self._next() is not None:
            pass

    def __iter__(self) -> Iterator[HashLine | BadLine]:
        while (raw := self._next()) is not None:
            if raw.isspace():
                continue
            try:
                yield self._line(raw)
            except (ValueError, UnknownAlgorithm) as error:
                yield BadLine(self.number, _said(error))

    def _line(self, raw: bytes) -> HashLine:
        if len(raw) > LONGEST_LINE:
            raise ValueError(f"The line is longer than {LONGEST_LINE} bytes.")
        algorithm, text, external_id, label, source = self._split(raw.decode("utf-8").strip("\r\n\ufeff"))
        qualified, width = _algorithm(algorithm)
        bits = _code(algorithm, text, width)
        if nearly_constant(bits):
            raise ValueError(NEARLY_CONSTANT)
        if len(external_id) > LONGEST_ID:
            raise ValueError(f"The id is longer than {LONGEST_ID} characters.")
        if "\0" in external_id or "\0" in label or "\0" in source:
            raise ValueError("The line holds a NUL character.")
        return HashLine(
            self.number, qualified, bits, external_id.strip(), label.strip()[:200], source.strip()[:90]
        )

    def _next(self) -> bytes | None:
        raw = self._file.readline(LONGEST_LINE + 1)
        if not raw:
            return None
        self.number += 1
        if len(raw) > LONGEST_LINE and not raw.endswith(b"\n"):
            while (rest := self._file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
        return raw

    def _format(self, path: Path) -> Callable[[str], Sequence[str]]:
        try:
            start = self._file.read(256).lstrip(b"\xef\xbb\xbf \t\r\n")
        except OSError as error:
            raise HashFileUnreadable(f"{path.name} cannot be read: {error.strerror}.") from error
        self._file.seek(0)
        if path.suffix.lower() in JSON_ENDINGS or start.startswith(b"{"):
            return _split_json
        header = b"\n"
        while header.isspace():
            header = self._next() or b""
        names = header.decode("utf-8", "replace").strip("\r\n\ufeff ").lower().split(",")
        names = [name.strip(' "') for name in names]
        if missing := [name for name in REQUIRED if name not in names]:
            raise HashFileUnreadable(
                f"{path.name} has no header: its first line must name the columns algorithm,hash and may name "
                f"id,label,source. Missing: {', '.join(missing)}."
            )
        return _csv_splitter(names)


def _csv_splitter(names: list[str]) -> Callable[[str], tuple[str, ...]]:
    width = len(names)
    # A column that the file does not have is read from the empty field that is put at the end.
    chosen = itemgetter(*(names.index(name) if name in names else width for name in COLUMNS))

    def split(line: str) -> tuple[str, ...]:
        fields = next(csv.reader([line], strict=True)) if '"' in line else line.split(",")
        if len(fields) != width:
            raise ValueError(f"The line has {len(fields)} columns, the header {width}.")
        fields.append("")
        picked: tuple[str, ...] = chosen(fields)
        return picked

    def checked(line: str) -> tuple[str, ...]:
        try:
            return split(line)
        except csv.Error as error:
            raise ValueError(f"This is no CSV: {error}.") from error

    return checked


def _split_json(line: str) -> Sequence[str]:
    try:
        values: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("This is no JSON object on one line.") from None
    if not isinstance(values, dict):
        raise ValueError("This is no JSON object.")  # noqa: TRY004 -- a bad line, not a bug
    fields = []
    for name in COLUMNS:
        value = values.get(name)
        if value is None:
            value = ""
        if isinstance(value, int) and not isinstance(value, bool) and name == "id":
            value = str(value)
        if not isinstance(value, str):
            raise ValueError(f"“{name}” is no text.")  # noqa: TRY004 -- a bad line, not a bug
        value.encode()
        fields.append(value.strip())
    return fields


def _code(algorithm: str, text: str, width: int) -> bytes:
    if len(text) == 2 * width:
        try:
            bits = bytes.fromhex(text)
        except ValueError:
            bits = b""
        if len(bits) == width:  # fewer where blanks stood between the digits
            return bits
    return parse_code(algorithm.strip(), text)


_known: dict[str, tuple[str, int]] = {}


def _algorithm(name: str) -> tuple[str, int]:
    found = _known.get(name)
    if found is None:
        name = name.strip()
        if not name:
            raise ValueError("The line names no algorithm.")
        algorithm = algorithm_named(name)
        found = _known[name] = algorithm.qualified, algorithm.bits // 8
    return found


def _said(error: Exception) -> str:
    if isinstance(error, UnknownAlgorithm):
        return f"Unknown algorithm. There are: {', '.join(ALGORITHMS)}."
    if isinstance(error, UnicodeError):
        return "The line is not UTF-8."
    return str(error)


class HashWriter:
    """Writes such files; ``json_lines`` chooses the format."""

    def __init__(self, stream: IO[str], *, json_lines: bool) -> None:
        self._stream = stream
        self._csv = None if json_lines else csv.writer(stream, lineterminator="\n")
        if self._csv:
            self._csv.writerow(COLUMNS)

    def write(self, *, algorithm: str, bits: bytes, external_id: str, label: str, source: str) -> None:
        """Write one line. White space in texts becomes single blanks, so that a line stays one."""
        texts = [" ".join(text.split()) for text in (external_id, label, source)]
        fields = [algorithm.partition("/")[0], format_code(bits), *texts]
        if self._csv:
            self._csv.writerow(fields)
        else:
            filled = {name: value for name, value in zip(COLUMNS, fields, strict=True) if value}
            self._stream.write(json.dumps(filled, ensure_ascii=False) + "\n")
