"""The file of a packed index: one header, then its arrays, each on a 64-byte boundary.

All numbers are little-endian, as is every processor that numpy has wheels for. The header says what
the file is for and how many of everything it holds, from which the place of every array follows; its
last field is its own CRC-32. A file is written under another name, synced and renamed: a reader sees
the old one or the new one, two writers cannot mix theirs, and what is mapped stays valid when it is
replaced.

The checksums find what disks and interrupted copies do. They are no defence against an attacker who
may write into the folder.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
import tempfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from moderation.exceptions import IndexFileFault

MAGIC = b"IMGINDEX"
FORMAT = 1
"""Rises when an older program could misread a newer file, or a newer one an older file; a change of
the shuffle or of the chunks counts as well."""

_HEADER = struct.Struct("<8sIIqQQQIIIB63s16s")
_HEADER_BYTES = 192
_ALIGNMENT = 64

HISTORY_ID_BYTES = 16
NO_HISTORY = bytes(HISTORY_ID_BYTES)

Array = NDArray[Any]
Shapes = list[tuple[str, tuple[int, ...]]]
"""Type and shape of each array, in the order of the file."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself."""

    algorithm: str
    """With its version: ``dhash256/1``."""
    bits: int
    revision: int
    """What the index was brought to when it was written."""
    rows: int
    """Distinct codes."""
    pairs: int
    chunks: int
    """Number of chunk tables; 0 where the codes are only ever scanned."""
    history_id: bytes = NO_HISTORY
    """16 bytes of the caller's: what tells this history from another that reached the same revision."""


def write_arrays(path: Path, header: Header, arrays: Iterable[Array]) -> None:
    """Write the file and put it in place of what was there, in one step.

    An array may come in parts, all but the last of which fill whole 64 bytes: then it need not be in memory at once.
    Raises :class:`OSError` when the disk is full or the folder cannot be written; what was there is
    then untouched.
    """
    name = header.algorithm.encode()
    if not 0 < len(name) <= 63:
        raise ValueError("the algorithm's name must take 1 to 63 bytes")
    if len(header.history_id) != HISTORY_ID_BYTES:
        raise ValueError(f"a history id has {HISTORY_ID_BYTES} bytes, not {len(header.history_id)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(bytes(_HEADER_BYTES))
            checksum = 0
            for array in arrays:
                checksum = _append(file, array, checksum)
            numbers = (header.bits, header.revision, header.rows, header.pairs)
            head = _HEADER.pack(
                MAGIC,
                FORMAT,
                *numbers,
                file.tell(),
                header.chunks,
                checksum,
                0,
                len(name),
                name,
                header.history_id,
            ).ljust(_HEADER_BYTES - 4, b"\0")
            file.seek(0)
            file.write(head + struct.pack("<I", zlib.crc32(head)))
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o640)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
    _sync_folder(path.parent)


def _append(file: IO[bytes], array: Array, checksum: int) -> int:
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    raw = little.reshape(-1).view(np.uint8).data
    padding = bytes(-len(raw) % _ALIGNMENT)
    file.write(raw)
    file.write(padding)
    return zlib.crc32(padding, zlib.crc32(raw, checksum))


def _sync_folder(folder: Path) -> None:
    """Make a new name survive a power cut; not every file system lets a folder be synced."""
    descriptor = os.open(folder, os.O_RDONLY)
    with contextlib.suppress(OSError):
        os.fsync(descriptor)
    os.close(descriptor)


class MappedFile:
    """A file of the right kind, whole and undamaged, mapped for reading.

    Raises :class:`IndexFileFault` for everything else.
    """

    def __init__(self, path: Path, *, algorithm: str, bits: int) -> None:
        self._path = path
        self._map = self._mapped()
        self.header = self._checked_header(algorithm, bits)

    def arrays(self, shapes: Shapes) -> list[Array]:
        """Return views into the map; its pages are shared by all processes that map the file."""
        found: list[Array] = []
        place = _HEADER_BYTES
        for kind, shape in shapes:
            count = int(np.prod(shape, dtype=object))
            size = count * np.dtype(kind).itemsize
            if place + size > len(self._map):
                raise self._fault("is too short for what its header promises")
            found.append(np.frombuffer(self._map, np.dtype(kind), count, place).reshape(shape))
            place += size + -size % _ALIGNMENT
        if place != len(self._map):
            raise self._fault("is longer than what its header promises")
        return found

    def _mapped(self) -> mmap.mmap:
        try:
            with self._path.open("rb") as file:
                if os.fstat(file.fileno()).st_size < _HEADER_BYTES:
                    raise self._fault("is too short to be an index")
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError:
            raise self._fault("does not exist") from None
        except OSError as error:
            raise self._fault(f"cannot be read ({error.strerror})") from error

    def _checked_header(self, algorithm: str, bits: int) -> Header:
        head = self._map[:_HEADER_BYTES]
        if not head.startswith(MAGIC):
            raise self._fault("is not an index file")
        if zlib.crc32(head[:-4]) != struct.unpack("<I", head[-4:])[0]:
            raise self._fault("has a damaged header")
        _, version, width, revision, rows, pairs, length, chunks, checksum, _, size, raw, history_id = (
            _HEADER.unpack_from(head)
        )
        if version != FORMAT:
            raise self._fault(f"has format {version}, this program reads {FORMAT}")
        if length != len(self._map):
            raise self._fault(f"has {len(self._map)} bytes of {length}: it was cut short or appended to")
        name = raw[:size].decode(errors="replace")
        if (name, width) != (algorithm, bits):
            raise self._fault(f"is for {name} with {width} bits, not for {algorithm} with {bits}")
        with memoryview(self._map) as view, view[_HEADER_BYTES:] as body:
            if zlib.crc32(body) != checksum:
                raise self._fault("is damaged: its checksum is wrong")
        return Header(name, width, revision, rows, pairs, chunks, history_id)

    def _fault(self, what: str) -> IndexFileFault:
        return IndexFileFault(
            f"The packed index file {self._path.name} {what}. It was not used; "
            "`manage.py rebuild_index` writes a new one."
        )
