"""Draws the pictures of the explanation pages, with the project's own code, into docs/images.

``python docs/make_pictures.py`` from the project's folder. What the text says about them is written beside
them (numbers.json) and put in by Sphinx, so that words and pictures cannot disagree. The photographs are
scikit-image's: Chelsea by Stéfan van der Walt, the coffee by Rachel Michetti, both CC0.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from moderation.domain.algorithms import codes_of, radii_for
from moderation.domain.analysis import AnalysisOptions, Code
from moderation.domain.borders import whole
from moderation.domain.fingerprints import hamming
from moderation.domain.hashing import Patch
from moderation.domain.imaging.canonical import Canonical
from moderation.domain.imaging.ground import WHITE
from moderation.domain.pipeline import analyse
from moderation.lab.edits import EDITS, GROUPS, Material

IMAGES = Path(__file__).resolve().parent / "images"
SIDE, BITS = 16, 256
INK, PAPER, WRONG = "#20323f", "#eef2f4", "#c8322b"
OPTIONS = AnalysisOptions(algorithms=("dhash256",))


class Nearest(NamedTuple):
    """The code of an upload that is nearest to one of a ban."""

    distance: int
    upload: Code
    ban: Code


def main() -> None:
    """Draw everything."""
    plt.rcParams.update({"font.size": 9, "axes.titlesize": 9, "svg.hashsalt": "moderation"})
    cat, coffee = (Image.fromarray(picture) for picture in _photographs())
    material = Material(np.random.default_rng(1), [coffee])
    copies = {edit.name: edit.make(cat, material) for edit in EDITS}
    numbers = {"bits_set": _draw_fingerprint(cat)}
    numbers |= _draw_copies(cat, {name: copies[name] for name in ("JPEG q15", "meme text", "mirror")}, coffee)
    numbers |= _draw_distances(cat, copies, coffee)
    (IMAGES / "numbers.json").write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


def _photographs() -> list[NDArray[np.uint8]]:
    return [data.chelsea(), data.coffee()]  # type: ignore[no-untyped-call]


def _draw_fingerprint(cat: Image.Image) -> int:
    """Draw a picture, its grid and its bits; return how many bits are set."""
    (view,) = Canonical(cat, frame=0).views(WHITE)
    patch = Patch(view.grey, view.colour, whole(np.asarray(view.grey)))
    grid = patch.sample(SIDE + 1, SIDE)
    bits = _unpacked(codes_of("dhash256", [patch])[0, 0].tobytes())
    figure, places = plt.subplots(1, 4, figsize=(9.2, 2.75), layout="constrained")
    _show(places[0], cat, "a picture")
    _show(places[1], view.grey, "canonical: small, grey, upright")
    _show(places[2], grid, f"{SIDE + 1} × {SIDE} cells")
    _show(places[3], bits, "bits: brighter than to the left?")
    _save(figure, "fingerprint.png")
    return int(bits.sum())


def _draw_copies(cat: Image.Image, copies: dict[str, bytes], coffee: Image.Image) -> dict[str, int]:
    """Draw a row for each copy, and one for another picture: the file, its bits, the ban's, and where they differ."""
    rows = {**copies, "another picture": _png(coffee)}
    figure, places = plt.subplots(len(rows), 4, figsize=(9.2, 7.6), layout="constrained")
    distances = {}
    for row, (name, file) in zip(places, rows.items(), strict=True):
        found = _nearest(cat, file)
        upload, ban = _unpacked(found.upload.bits), _unpacked(found.ban.bits)
        differing = np.where((upload != ban)[..., None], _rgb(WRONG), _rgb(PAPER))
        _show(row[0], Image.open(io.BytesIO(file)).convert("RGB"), name)
        _show(row[1], upload, "its bits")
        _show(row[2], ban, f"the ban's bits{f' ({found.ban.variant})' if found.ban.variant else ''}")
        _show(row[3], differing, f"{found.distance} of {BITS} differ")
        distances[f"distance_{name.replace(' ', '_')}"] = found.distance
    _save(figure, "edited-copies.png")
    return distances


def _draw_distances(cat: Image.Image, copies: dict[str, bytes], coffee: Image.Image) -> dict[str, int]:
    """Draw every edit of one picture as a dot, by group, with the radius of a short list."""
    band = radii_for("dhash256", 300)
    figure, place = plt.subplots(figsize=(9.2, 3.6), layout="constrained")
    place.axvspan(0, band.hold, color="#c8322b", alpha=0.10, lw=0)
    counts = {"candidates": 0, "missed": 0}
    for height, group in enumerate(reversed(GROUPS)):
        for edit in (one for one in EDITS if one.group == group):
            distance = _nearest(cat, copies[edit.name]).distance
            counts["candidates" if distance <= band.hold else "missed"] += 1
            jitter = (crc32(edit.name.encode()) % 100 / 100 - 0.5) * 0.5
            place.plot(distance, height + jitter, "o", ms=5, color=INK, alpha=0.6, mew=0)
    other = _nearest(cat, _png(coffee)).distance
    place.axvline(other, color=INK, lw=1, ls=":")
    place.text(other - 1, len(GROUPS) - 0.9, "the coffee", ha="right", va="bottom")
    place.text(band.hold - 0.6, len(GROUPS) - 0.9, "candidates", ha="right", va="bottom")
    place.set(xlim=(-1, other + 6), ylim=(-0.6, len(GROUPS) - 0.1), xlabel="bits of dhash256 that differ")
    place.set_yticks(range(len(GROUPS)), list(reversed(GROUPS)))
    place.spines[["top", "right"]].set_visible(False)
    _save(figure, "distances.png")
    return {f"edits_{name}": count for name, count in counts.items()} | {"edits": len(EDITS)}


def _nearest(banned: Image.Image, upload: bytes) -> Nearest:
    bans = analyse(_png(banned), OPTIONS).enrolment
    queries = analyse(upload, OPTIONS).queries
    pairs = [Nearest(hamming(query.bits, ban.bits), query, ban) for query in queries for ban in bans]
    return min(pairs, key=lambda pair: pair.distance)


def _unpacked(code: bytes) -> NDArray[np.uint8]:
    return np.unpackbits(np.frombuffer(code, np.uint8)).reshape(SIDE, SIDE)


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _rgb(colour: str) -> NDArray[np.uint8]:
    return np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)], np.uint8)


def _show(place: Any, picture: Image.Image | NDArray[np.uint8], title: str) -> None:
    shown = np.asarray(picture)
    if shown.shape == (SIDE, SIDE):
        shown = np.where(shown[..., None] > 0, _rgb(INK), _rgb(PAPER))
    place.imshow(shown, cmap="gray", interpolation="nearest" if min(shown.shape[:2]) < 50 else "antialiased")
    place.set_title(title)
    place.set_axis_off()


def _save(figure: Any, name: str) -> None:
    figure.savefig(IMAGES / name, dpi=110, metadata={"Software": None})
    plt.close(figure)
    # 128 colours are enough for bits, and for a cat.
    with Image.open(IMAGES / name) as picture:
        picture.convert("RGB").quantize(128).save(IMAGES / name, optimize=True)


if __name__ == "__main__":
    main()
