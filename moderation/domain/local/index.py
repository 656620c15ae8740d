"""The index of the second tier: a packed layer that a host maps once, a fresh layer, tombstones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moderation.domain.index.file import NO_HISTORY, Header, MappedFile, write_arrays

from . import layer as layers
from .layer import CELL_COUNT, Layer, Rows
from .model import VERSION
from .signature import LocalSignature

METHOD = f"local/{VERSION}"
"""As a Match names it, and as the file names what it is for."""
BITS = 128


class LocalIndex:
    """Signatures of bans, each under an item: a positive 63-bit integer chosen by the caller (one signature an item).

    A search that runs in another thread sees the state before or after a change, never between.
    """

    def __init__(
        self, packed: Layer | None = None, *, revision: int = 0, history_id: bytes = NO_HISTORY
    ) -> None:
        self._both: tuple[Layer | None, Layer] = packed, layers.empty()
        self.revision = revision
        """Of the file that it was opened from; 0 where it was not."""
        self.history_id = history_id
        """Of that file: 16 bytes of the caller's, see :class:`~moderation.domain.index.file.Header`."""

    @classmethod
    def build(cls, entries: Iterable[tuple[LocalSignature, int]]) -> LocalIndex:
        """Return an index in memory, packed at once. Raises :class:`ValueError` for a signature of another model."""
        return cls(layers.packed((_checked(signature), item) for signature, item in entries))

    @classmethod
    def open(cls, path: Path) -> LocalIndex:
        """Map a file that :meth:`write` wrote; its pages are shared by all processes of the host.

        Raises :class:`~moderation.exceptions.IndexFileFault` when it is missing, damaged or made for another model.
        """
        file = MappedFile(Path(path), algorithm=METHOD, bits=BITS)
        n, e = file.header.rows, file.header.pairs
        codes, owner, geometry, items, sizes, starts = file.arrays(
            [
                ("<u8", (n, 2)),
                ("<u4", (n,)),
                ("|u1", (n, 4)),
                ("<i8", (e,)),
                ("<u2", (e, 2)),
                ("<u4", (CELL_COUNT + 1,)),
            ]
        )
        packed = Layer(Rows(codes, owner, geometry), items, sizes, np.ones(e, dtype=bool), starts, None)
        return cls(packed, revision=file.header.revision, history_id=file.header.history_id)

    def write(self, path: Path, *, revision: int, history_id: bytes = NO_HISTORY) -> None:
        """Write the packed layer, atomically. Raises :class:`ValueError` where anything fresh or retired is not in it:
        :meth:`build` a new one from the stored signatures first."""
        packed, fresh = self._both
        if packed is None or packed.starts is None or len(fresh.items) or not packed.alive.all():
            raise ValueError("only an index that was just built is written")
        rows = packed.rows
        header = Header(METHOD, BITS, revision, len(rows.owner), len(packed.items), 0, history_id)
        write_arrays(Path(path), header, [*rows, packed.items, packed.sizes, packed.starts])

    def add(self, signature: LocalSignature, item: int) -> None:
        """Add one, or put it in place of what the item had; the next search sees it."""
        self.add_many([(signature, item)])

    def add_many(self, entries: Iterable[tuple[LocalSignature, int]]) -> None:
        """Add several in one step; of two with the same item the later one counts."""
        latest = {item: _checked(signature) for signature, item in entries}
        if not latest:
            return
        packed, fresh = self._without(np.fromiter(latest, dtype=np.int64))
        added = fresh.with_entries((signature, item) for item, signature in latest.items())
        self._both = packed, added

    def retire(self, items: NDArray[np.int64]) -> None:
        """Take the signatures of these items out. Unknown items are ignored."""
        self._both = self._without(np.asarray(items, dtype=np.int64))

    def _without(self, items: NDArray[np.int64]) -> tuple[Layer | None, Layer]:
        packed, fresh = self._both
        return packed.without(items) if packed is not None else None, fresh.without(items)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Packed and fresh, as they are now."""
        return tuple(layer for layer in self._both if layer is not None and len(layer.items))

    @property
    def fresh(self) -> int:
        """Entries of the fresh layer, dead ones included; time for another file above some thousands."""
        return len(self._both[1].items)

    def __len__(self) -> int:
        """Return the number of live items."""
        return sum(int(layer.alive.sum()) for layer in self.layers)


def _checked(signature: LocalSignature) -> LocalSignature:
    if signature.model != VERSION:
        raise ValueError(f"local/{signature.model} does not enter an index of {METHOD}")
    return signature
