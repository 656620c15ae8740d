"""How a request and its answer cross the wall: a frame of JSON and blobs, read against a type.

Nothing is unpickled in either direction. A frame is two 32-bit lengths, a JSON header, and the raw
bytes that the header refers to by number. :func:`decode` builds a value *of the type that the reader
expects* (frozen dataclasses, tuples, plain values) and refuses everything else, so that a child
process which a hostile picture has taken over can lie, but not make the parent run its code.
"""

from __future__ import annotations

import json
import math
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

_LENGTHS = struct.Struct(">II")
_MAX_INTEGER = 2**63
_MAX_TEXT = 10_000
_MAX_ITEMS = 1_000_000

_Reader = Callable[[Any, Sequence[bytes]], Any]


class WireError(Exception):
    """What came over the wire is not what was agreed on."""


class WireClosedError(WireError):
    """The other side is gone."""


def encode(value: object) -> bytes:
    """Return one frame for ``value``: dataclasses as lists of their fields, bytes beside the header."""
    blobs: list[bytes] = []
    plain = _plain(value, blobs)
    header = json.dumps([plain, [len(blob) for blob in blobs]], separators=(",", ":")).encode()
    return b"".join([_LENGTHS.pack(len(header), sum(map(len, blobs))), header, *blobs])


def decode(kind: object, frame: tuple[bytes, bytes]) -> Any:
    """Return the value of type ``kind`` in a frame as :func:`receive` gives it.

    Raises WireError for anything but a complete, well-formed value of exactly that type.
    """
    header, body = frame
    try:
        plain, lengths = json.loads(header)
        if any(type(length) is not int or length < 0 for length in lengths) or sum(lengths) != len(body):
            raise WireError("the blobs do not fill the frame")
        blobs, start = [], 0
        for length in lengths:
            blobs.append(body[start : start + length])
            start += length
        return _reader(kind)(plain, blobs)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise WireError(f"malformed frame: {type(error).__name__}") from error


def send(channel: socket.socket, frame: bytes, *, until: float | None = None) -> None:
    """Write a whole frame. ``until`` is on the monotonic clock; past it TimeoutError is raised."""
    try:
        channel.settimeout(_left(until))
        channel.sendall(frame)
    except TimeoutError:
        raise
    except OSError as error:
        raise WireClosedError(str(error)) from error


def receive(channel: socket.socket, *, most: int, until: float | None = None) -> tuple[bytes, bytes]:
    """Read one frame of at most ``most`` bytes: its header and its blobs.

    Raises TimeoutError past ``until``, WireClosedError at the end of the stream, WireError when the other
    side announces more than ``most`` bytes (nothing is allocated for it).
    """
    header_length, body_length = _LENGTHS.unpack(_exactly(channel, _LENGTHS.size, until))
    if header_length + body_length > most:
        raise WireError("the frame is larger than agreed")
    return _exactly(channel, header_length, until), _exactly(channel, body_length, until)


def _exactly(channel: socket.socket, count: int, until: float | None) -> bytes:
    buffer = bytearray(count)
    view, got = memoryview(buffer), 0
    while got < count:
        try:
            channel.settimeout(_left(until))
            step = channel.recv_into(view[got:])
        except TimeoutError:
            raise
        except OSError as error:
            raise WireClosedError(str(error)) from error
        if not step:
            raise WireClosedError("end of stream")
        got += step
    return bytes(buffer)


def _left(until: float | None) -> float | None:
    if until is None:
        return None
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _plain(value: Any, blobs: list[bytes]) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        blobs.append(value)
        return len(blobs) - 1
    if isinstance(value, tuple | list):
        return [_plain(item, blobs) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item, blobs) for key, item in value.items()}
    if is_dataclass(value):
        return [_plain(getattr(value, field.name), blobs) for field in fields(value)]
    raise TypeError(f"{type(value).__name__} does not cross the sandbox wall")


@cache
def _reader(kind: Any) -> _Reader:
    if kind in _SCALARS:
        return _SCALARS[kind]
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass_reader(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType) and len(arguments) == 2 and NoneType in arguments:
        inner = _reader(next(argument for argument in arguments if argument is not NoneType))
        return lambda plain, blobs: None if plain is None else inner(plain, blobs)
    if origin is Literal:
        return lambda plain, _blobs: _agreed(plain, plain in arguments)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _sequence_reader(_reader(arguments[0]))
    if origin is tuple:
        return _row_reader(tuple, [_reader(argument) for argument in arguments])
    if origin in (dict, Mapping) and arguments[0] is str:
        return _mapping_reader(_reader(arguments[1]))
    raise TypeError(f"{kind!r} does not cross the sandbox wall")


def _dataclass_reader(kind: type) -> _Reader:
    hints = get_type_hints(kind)
    # Through the constructor, so that a class's own checks in __post_init__ hold here as well.
    return _row_reader(lambda values: kind(*values), [_reader(hints[field.name]) for field in fields(kind)])


def _row_reader(build: Callable[[list[Any]], Any], readers: list[_Reader]) -> _Reader:
    def read(plain: Any, blobs: Sequence[bytes]) -> Any:
        _agreed(plain, type(plain) is list and len(plain) == len(readers))
        return build([reader(item, blobs) for reader, item in zip(readers, plain, strict=True)])

    return read


def _sequence_reader(reader: _Reader) -> _Reader:
    def read(plain: Any, blobs: Sequence[bytes]) -> Any:
        _agreed(plain, type(plain) is list and len(plain) <= _MAX_ITEMS)
        return tuple([reader(item, blobs) for item in plain])

    return read


def _mapping_reader(reader: _Reader) -> _Reader:
    def read(plain: Any, blobs: Sequence[bytes]) -> Any:
        _agreed(plain, type(plain) is dict)
        return {_text(key, blobs): reader(item, blobs) for key, item in plain.items()}

    return read


def _agreed(plain: Any, holds: bool) -> Any:
    if not holds:
        raise WireError("a value of another type than agreed")
    return plain


def _text(plain: Any, _blobs: Sequence[bytes]) -> str:
    # Printable only: no control characters for the logs, no NUL and no lone surrogates for the database.
    return cast(str, _agreed(plain, type(plain) is str and len(plain) <= _MAX_TEXT and plain.isprintable()))


def _blob(plain: Any, blobs: Sequence[bytes]) -> bytes:
    return blobs[cast(int, _agreed(plain, type(plain) is int and 0 <= plain < len(blobs)))]


def _integer(plain: Any, _blobs: Sequence[bytes]) -> int:
    return cast(int, _agreed(plain, type(plain) is int and abs(plain) < _MAX_INTEGER))


def _number(plain: Any, _blobs: Sequence[bytes]) -> float:
    _agreed(plain, type(plain) is float or (type(plain) is int and abs(plain) < _MAX_INTEGER))
    return float(_agreed(plain, math.isfinite(plain)))


def _boolean(plain: Any, _blobs: Sequence[bytes]) -> bool:
    return cast(bool, _agreed(plain, type(plain) is bool))


_SCALARS: dict[Any, _Reader] = {
    str: _text,
    bytes: _blob,
    int: _integer,
    float: _number,
    bool: _boolean,
    NoneType: lambda plain, _blobs: _agreed(plain, plain is None),
}
