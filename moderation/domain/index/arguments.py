"""What every index checks at its door, so that a wrong call is an error and never a wrong answer."""

from __future__ import annotations

import numpy as np

from moderation.domain.index.contract import WIDTHS, Codes, Items


def checked_bits(bits: int) -> int:
    """Return ``bits``; raise :class:`ValueError` for a width that no index is made for."""
    if bits not in WIDTHS:
        raise ValueError(f"codes are 64 or 256 bits wide, not {bits}")
    return bits


def checked_codes(codes: Codes, bits: int) -> Codes:
    """Return ``codes``, C-contiguous; raise :class:`ValueError` for another type, width or dimension."""
    if codes.dtype != np.uint8 or codes.ndim != 2 or codes.shape[1] * 8 != bits:
        raise ValueError(
            f"codes must be uint8 of shape (n, {bits // 8}), not {codes.dtype} of shape {codes.shape}"
        )
    return np.ascontiguousarray(codes)


def checked_items(items: Items) -> Items:
    """Return ``items``; raise :class:`ValueError` unless they are a row of positive int64."""
    if items.dtype != np.int64 or items.ndim != 1:
        raise ValueError(f"items must be int64 of shape (n,), not {items.dtype} of shape {items.shape}")
    if items.size and int(items.min()) < 1:
        raise ValueError("items must be 1 or greater")
    return np.ascontiguousarray(items)


def checked_pairs(codes: Codes, items: Items, bits: int) -> tuple[Codes, Items]:
    """Return both, checked; raise :class:`ValueError` when their lengths differ."""
    codes, items = checked_codes(codes, bits), checked_items(items)
    if len(codes) != len(items):
        raise ValueError(f"{len(codes)} codes, but {len(items)} items")
    return codes, items


def checked_radius(radius: int, bits: int) -> int:
    """Return ``radius``; raise :class:`ValueError` outside ``0..bits``."""
    if not 0 <= radius <= bits:
        raise ValueError(f"the radius must lie in 0..{bits}, not {radius}")
    return int(radius)
