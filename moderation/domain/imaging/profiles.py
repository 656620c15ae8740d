"""Colour profiles made from what a file says in numbers: primaries, white point and gamma."""

from __future__ import annotations

import struct
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SRGB_GAMMA = 0.45455
_NEAR = 0.02
"""Gammas that differ by less look the same."""
Chromaticities = tuple[float, float, float, float, float, float, float, float]
"""x and y of white, red, green and blue."""

SRGB: Chromaticities = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
PRIMARIES: dict[int, Chromaticities] = {
    1: SRGB,
    9: (0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    12: (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
"""By their number in ITU-T H.273: BT.709, BT.2020, Display P3."""
GAMMAS: dict[int, float | None] = {4: 1 / 2.2, 5: 1 / 2.8, 8: 1.0, 13: None}
"""Transfer functions of H.273; those of high dynamic range are not among them."""

_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


@lru_cache(maxsize=16)
def profile_of(gamma: float | None, primaries: Chromaticities = SRGB) -> bytes | None:
    """Return an ICC profile for a file's gamma (0.45455 for a screen's 2.2; None for the curve of sRGB); None where it
    is sRGB or no gamma at all.

    Raises :class:`ValueError` for chromaticities that span no colours.
    """
    if primaries == SRGB and (gamma is None or abs(gamma - SRGB_GAMMA) < _NEAR):
        return None
    if gamma is not None and not 0.01 <= gamma <= 10:
        return None
    try:
        red, green, blue = _colorants(primaries).T
    except np.linalg.LinAlgError as error:
        raise ValueError("chromaticities on a line") from error
    curve = _srgb_curve() if gamma is None else _curve([min(65_535, round(256 / gamma))])
    name = b"desc" + bytes(4) + struct.pack(">I", 5) + b"made\0" + bytes(78)
    tags = {
        b"desc": name + bytes(-len(name) % 4),
        b"wtpt": _xyz(_D50),
        b"rXYZ": _xyz(red),
        b"gXYZ": _xyz(green),
        b"bXYZ": _xyz(blue),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    return _assembled(tags)


def _colorants(primaries: Chromaticities) -> NDArray[np.float64]:
    """Return the matrix from linear RGB to XYZ under D50, with Bradford's adaptation."""
    points = np.array(primaries, dtype=np.float64).reshape(4, 2)
    if not np.isfinite(points).all() or (points[:, 1] <= 0.001).any():
        raise ValueError("chromaticities outside of the diagram")
    white, *rest = (np.array([x / y, 1.0, (1 - x - y) / y]) for x, y in points)
    columns = np.stack(rest, axis=1)
    columns = columns * np.linalg.solve(columns, white)
    cones = np.diag((_BRADFORD @ _D50) / (_BRADFORD @ white))
    return np.asarray(np.linalg.inv(_BRADFORD) @ cones @ _BRADFORD @ columns)


def _curve(values: list[int]) -> bytes:
    body = b"curv" + bytes(4) + struct.pack(f">I{len(values)}H", len(values), *values)
    return body + bytes(-len(body) % 4)


def _srgb_curve() -> bytes:
    """Return the curve of sRGB (IEC 61966-2-1) as a table."""
    light = np.linspace(0, 1, 1024)
    linear = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
    return _curve(np.rint(linear * 65_535).astype(np.int64).tolist())


def _xyz(values: NDArray[np.float64]) -> bytes:
    fixed = np.clip(np.rint(values * 65536), -(1 << 31), (1 << 31) - 1).astype(np.int64)
    return b"XYZ " + bytes(4) + struct.pack(">3i", *fixed.tolist())


def _assembled(tags: dict[bytes, bytes]) -> bytes:
    """Return an ICC profile, version 2.1, of a display."""
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, value in tags.items():
        table += tag + struct.pack(">2I", start + len(body), len(value))
        body += value
    head = struct.pack(">I", start + len(body)) + bytes(4) + b"\x02\x10\0\0mntrRGB XYZ " + bytes(12) + b"acsp"
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body
