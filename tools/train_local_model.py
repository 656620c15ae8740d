"""Train the second tier's model from a folder of photographs: the same bits every time.

``python tools/train_local_model.py --corpus DIR [--check]`` reads ``manifest.csv`` of the corpus, takes
the photographs with the role ``innocent`` and writes the model file into the package. ``--check`` compares
with the file that is there instead (exit status 1 where they differ).

Reproducible, because whatever is iterated is whole numbers: covariances and k-means sums are exact, and
what LAPACK returns (eigenvectors, singular vectors) is rounded to a grid at once.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from moderation.domain.local import keypoints
from moderation.domain.local.descriptors import MIRROR, NEGATIVE, Descriptors, seen
from moderation.domain.local.model import HALF, VERSION, WORDS, Model

KEYPOINTS = 300
SAMPLE = 160_000
ITQ_ROUNDS = 40
KMEANS_ROUNDS = 15
UNCERTAIN_SHARE = 0.2
TARGET = Path(keypoints.__file__).parent / f"model-{VERSION}.bin"

Real = NDArray[np.float64]


def collect(corpus: Path) -> Descriptors:
    """Return the descriptors of the innocent photographs, shape ``(n, 128)``, in the manifest's order."""
    with (corpus / "manifest.csv").open(newline="") as lines:
        names = [
            r["file"]
            for r in csv.DictReader(lines)
            if r["role"] == "innocent" and r["file"].startswith("photos/")
        ]
    found = []
    for name in names:
        with Image.open(corpus / name) as picture:
            grey = keypoints.raster(np.asarray(picture.convert("RGB")))
        found.append(keypoints.detect(grey, keypoints=KEYPOINTS, fewest=0).descriptors)
    everything = np.concatenate(found)
    chosen = np.random.Generator(np.random.PCG64(1)).permutation(len(everything))[:SAMPLE]
    return everything[np.sort(chosen)]


def covariance(data: Descriptors | NDArray[np.float64]) -> Real:
    """Return the covariance of whole numbers below 2¹⁰, exact: every partial sum is below 2⁵³."""
    numbers = data.astype(np.float64)
    total = numbers.sum(axis=0)
    return np.asarray((numbers.T @ numbers) * len(numbers) - np.outer(total, total))


def principal(matrix: Real) -> tuple[Real, Real]:
    """Return the eigenvalues, descending, and eigenvectors as columns, each with its largest entry positive."""
    values, vectors = np.linalg.eigh(matrix / np.abs(matrix).max())
    vectors = vectors[:, ::-1]
    largest = np.abs(np.round(vectors, 6)).argmax(axis=0)
    return values[::-1], vectors * np.sign(vectors[largest, np.arange(len(vectors))])


def small(columns: Real) -> NDArray[np.int8]:
    """Return columns scaled to the whole range of a signed byte, each alike."""
    scaled: NDArray[np.int8] = np.rint(columns * (127 / np.abs(columns).max())).astype(np.int8)
    return scaled


def orientation(data: Descriptors) -> NDArray[np.int8]:
    """Return, for each of mirror and negative, the direction of largest variance among those that it alone
    reverses."""
    mirror, negative = np.eye(128)[MIRROR], np.eye(128)[NEGATIVE]
    matrix = covariance(data)
    one = np.eye(128)
    columns = []
    for reverses, keeps in ((mirror, negative), (negative, mirror)):
        onto = (one - reverses) @ (one + keeps) / 4
        direction = principal(onto @ matrix @ onto.T)[1][:, 0]
        columns.append(small((onto @ direction)[:, None])[:, 0])
    return np.stack(columns, axis=1)


def itq(reduced: NDArray[np.float64]) -> Real:
    """Return a rotation that brings the corners of the cube near the data (Gong and Lazebnik, 2011)."""
    grid = 2.0**14
    rotation = np.linalg.qr(np.random.Generator(np.random.PCG64(2)).standard_normal((128, 128)))[0]
    rotation = np.rint(rotation * grid)
    for _ in range(ITQ_ROUNDS):
        signs = np.where(reduced @ rotation >= 0, 1.0, -1.0)
        left, _, right = np.linalg.svd(signs.T @ reduced)
        rotation = np.rint((left @ right).T * grid)
    return rotation / grid


def kmeans(points: NDArray[np.float32], seed: int) -> NDArray[np.int8]:
    """Return ``WORDS`` whole-number centres; distances are exact in float32 (32 × 254² < 2²⁴)."""
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(points))
    centres = points[order[:WORDS]].copy()
    for _ in range(KMEANS_ROUNDS):
        nearest = np.concatenate(
            [
                ((centres * centres).sum(axis=1) - 2 * (block @ centres.T)).argmin(axis=1)
                for block in np.array_split(points, 20)
            ]
        )
        counts = np.bincount(nearest, minlength=WORDS)
        for dimension in range(points.shape[1]):
            sums = np.bincount(nearest, weights=points[:, dimension], minlength=WORDS)
            centres[:, dimension] = np.where(
                counts, np.rint(sums / np.maximum(counts, 1)), centres[:, dimension]
            )
    return centres.astype(np.int8)


def train(data: Descriptors) -> Model:
    """Train all parts, in the order in which they depend on one another."""
    turns = orientation(data)
    product = np.abs(data.astype(np.float64) @ turns)
    uncertain = np.quantile(product, UNCERTAIN_SHARE, axis=0, method="lower").astype(np.int32)
    views = (
        ((data.astype(np.float32) @ turns.astype(np.float32) < 0) * np.array([1, 2]))
        .sum(axis=1)
        .astype(np.uint8)
    )
    canonical = seen(data, views)

    _, vectors = principal(covariance(canonical))
    axes = np.rint(vectors * 2**10)
    reduced = (canonical.astype(np.float64) - np.rint(canonical.mean(axis=0, dtype=np.float64))) @ axes
    rotation = itq(np.rint(reduced / 2**10))
    projection = small(axes @ rotation)
    thresholds = np.median(canonical.astype(np.float32) @ projection.astype(np.float32), axis=0).astype(
        np.int32
    )

    halves = np.concatenate([np.arange(2 * HALF)[part] for part in (_half(0), _half(1))])
    coarse = small(axes[:, halves])
    projected = canonical.astype(np.float64) @ coarse
    centre = np.rint(projected.mean(axis=0)).astype(np.int32)
    spread = np.quantile(np.abs(projected - centre), 0.9995, method="lower")
    shift = np.array([int(np.ceil(np.log2(spread / 127)))], dtype=np.int32)
    empty = np.zeros((2, WORDS, HALF), np.int8)
    model = Model(VERSION, turns, uncertain, projection, thresholds, coarse, centre, shift, empty)
    points = model.reduced(canonical)
    books = np.stack([kmeans(np.ascontiguousarray(points[:, book]), seed=3 + book) for book in (0, 1)])
    return Model(VERSION, turns, uncertain, projection, thresholds, coarse, centre, shift, books)


def _half(book: int) -> NDArray[np.bool_]:
    """Return 0, 3, 4, 7, 8, … and 1, 2, 5, 6, …: both halves have about the same variance."""
    place = np.arange(2 * HALF) % 4
    first = (place == 0) | (place == 3)
    return np.asarray(first if book == 0 else ~first)


def main() -> int:
    """Train, then write or compare."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--corpus", type=Path, required=True)
    arguments.add_argument("--check", action="store_true")
    options = arguments.parse_args()
    content = train(collect(options.corpus)).to_bytes()
    if options.check:
        same = TARGET.read_bytes() == content
        print("the same" if same else "different", file=sys.stderr)
        return 0 if same else 1
    TARGET.write_bytes(content)
    print(f"{TARGET.name}: {len(content)} bytes", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
