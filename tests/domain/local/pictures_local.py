"""What the tests of the second tier share: signatures of drawn pictures, an index over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from moderation.domain.local.features import BAN_KEYPOINTS, extract
from moderation.domain.local.index import LocalIndex
from moderation.domain.local.recognise import LocalResult, recognise
from moderation.domain.local.signature import TILE_BYTES, LocalFeatures, LocalSignature


def features(picture: Image.Image) -> LocalFeatures:
    """Return the features of a picture."""
    return extract(np.asarray(picture.convert("RGB")))


def banned(picture: Image.Image) -> LocalSignature:
    """Return a signature as it is enrolled."""
    return features(picture).signature.strongest(BAN_KEYPOINTS)


class Bans:
    """An index, and the signatures that a database would hold."""

    def __init__(self, signatures: Mapping[int, LocalSignature]) -> None:
        self.signatures = dict(signatures)
        self.index = LocalIndex.build((signature, item) for item, signature in self.signatures.items())

    def load(self, items: Iterable[int]) -> dict[int, LocalSignature]:
        """Return those that are there."""
        return {item: self.signatures[item] for item in items if item in self.signatures}

    def screen(self, picture: Image.Image | NDArray[np.uint8]) -> LocalResult:
        """Screen one upload."""
        pixels = picture if isinstance(picture, np.ndarray) else np.asarray(picture.convert("RGB"))
        return recognise([extract(pixels)], self.index, self.load)

    def found(self, picture: Image.Image) -> list[int]:
        """Return the items, strongest first."""
        return [hit.item for hit in self.screen(picture).hits]


def invented(seed: int, keypoints: int = 200) -> LocalSignature:
    """Return a valid, random signature of no picture."""
    random = np.random.default_rng(seed)
    return LocalSignature(
        1,
        256,
        192,
        keypoints,
        random.integers(0, 256, (keypoints, 16), dtype=np.uint8),
        np.concatenate(
            [random.integers(0, 192, (keypoints, 4)), random.integers(0, 4, (keypoints, 1))], axis=1
        ).astype(np.uint8),
        random.integers(0, 1024, (keypoints, 2)).astype(np.uint16),
        random.bytes(TILE_BYTES),
    )
