"""An upload's features as bytes, for the way out of the sandbox's child; read against their own sizes."""

from __future__ import annotations

import struct

import numpy as np

from .signature import BadSignature, LocalFeatures, LocalSignature

_HEADER = struct.Struct(">IHHHHH")
_MOST_PROBES = 256


def features_to_bytes(features: LocalFeatures) -> bytes:
    """Return the features as about 130 KB."""
    signature = features.signature.to_bytes()
    rows, probes = features.probes.shape
    height, width = features.raster.shape
    header = _HEADER.pack(len(signature), rows, probes, height, width, features.view)
    arrays = (
        features.row_keypoint.astype(">u2"),
        features.row_codes,
        features.row_views,
        features.probes.astype(">u4"),
        features.raster,
    )
    return b"".join([header, signature, *(array.tobytes() for array in arrays)])


def features_from_bytes(data: bytes) -> LocalFeatures:
    """Read what :func:`features_to_bytes` wrote. Raises :class:`BadSignature` for anything else: the
    child that wrote it may have been taken over by what it decoded."""
    if len(data) < _HEADER.size:
        raise BadSignature("local features are longer than this")
    length, rows, probes, height, width, view = _HEADER.unpack_from(data)
    sizes = [length, rows * 2, rows * 16, rows, rows * probes * 4, height * width]
    if len(data) != _HEADER.size + sum(sizes) or max(height, width) > 256 or probes > _MOST_PROBES:
        raise BadSignature("these local features are cut off or have something behind them")
    parts, start = [], _HEADER.size
    for size in sizes:
        parts.append(data[start : start + size])
        start += size
    signature = LocalSignature.from_bytes(parts[0])
    keypoint = np.frombuffer(parts[1], dtype=">u2").astype(np.uint16)
    views = np.frombuffer(parts[3], dtype=np.uint8)
    cells = np.frombuffer(parts[4], dtype=">u4").astype(np.uint32).reshape(rows, probes)
    if rows and (
        int(keypoint.max()) >= len(signature) or int(views.max()) > 3 or int(cells.max(initial=0)) >= 1 << 20
    ):
        raise BadSignature("these local features name a keypoint, a view or a cell that does not exist")
    if (width, height) != (signature.width, signature.height):
        raise BadSignature("the raster is not that of the signature")
    codes = np.frombuffer(parts[2], dtype=np.uint8).reshape(rows, 16)
    raster = np.frombuffer(parts[5], dtype=np.uint8).reshape(height, width)
    return LocalFeatures(signature, keypoint, codes, views, cells, raster, view)
