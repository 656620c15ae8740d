"""The recipes that sites begin with, measured on the same copies and innocents: imagehash as its documentation uses it.

One hash of the picture as it is, compared with one hash of each ban: no orientations, no borders, no second tier. Extra
``lab``.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from PIL import Image, ImageOps

from moderation.lab.calibration import upper_bound
from moderation.lab.scoring import Watcher

RADIUS = 10
"""Bits of 64 within which a copy is found: the band of the classic recipes, up to 5 the same, up to 10 to be looked at."""
COLOUR_RADIUS = 6
"""Bits of the 42 of ``colorhash``. Its documentation names no radius; this is the same share of its bits."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A way to hash a picture, and to tell whether two hashes are of the same one."""

    name: str
    radius: int | None
    """In bits; None where the method compares in its own way."""
    hash: Callable[[Image.Image], Any]
    same: Callable[[Any, Any], bool]


class RecipeRow(TypedDict):
    """How one recipe fared."""

    recipe: str
    radius: int | None
    edits: dict[str, float]
    """Share of the copies of each edit that are found, without those of pictures that cannot be banned."""
    detected: float | None
    """Mean over edits; None without edits."""
    innocents: int
    """Innocent pictures that some ban is found in."""
    rate: float
    rate_at_most: float
    """95 % upper bound (Clopper–Pearson)."""


def recipes() -> tuple[Recipe, ...]:
    """Return imagehash's hashes at their default sizes. Raises :class:`ModuleNotFoundError` without the extra ``lab``."""
    import imagehash

    def near(radius: int) -> Callable[[Any, Any], bool]:
        return lambda one, other: bool(one - other <= radius)

    classic = {
        "aHash": imagehash.average_hash,
        "dHash": imagehash.dhash,
        "pHash": imagehash.phash,
        "wHash": imagehash.whash,
    }
    return (
        *(Recipe(name, RADIUS, hasher, near(RADIUS)) for name, hasher in classic.items()),
        Recipe("colorhash", COLOUR_RADIUS, imagehash.colorhash, near(COLOUR_RADIUS)),
        Recipe(
            "crop-resistant", None, imagehash.crop_resistant_hash, lambda one, other: bool(one.matches(other))
        ),
    )


@dataclass
class Baseline(Watcher):
    """Hashes the pictures of an evaluation as they come by."""

    recipes: tuple[Recipe, ...] = field(default_factory=recipes)
    _bans: dict[str, dict[str, Any]] = field(default_factory=dict)
    _copies: dict[str, dict[str, list[bool]]] = field(default_factory=dict)
    _innocents: dict[str, list[bool]] = field(default_factory=dict)

    def ban(self, name: str, data: bytes) -> None:
        """Hash a banned picture."""
        picture = _opened(data)
        for recipe in self.recipes:
            self._bans.setdefault(recipe.name, {})[name] = recipe.hash(picture)

    def copy(self, name: str, edit: str, data: bytes) -> None:
        """Compare a copy with the ban that it was made from."""
        picture = _opened(data)
        for recipe in self.recipes:
            found = recipe.same(self._bans[recipe.name][name], recipe.hash(picture))
            self._copies.setdefault(recipe.name, {}).setdefault(edit, []).append(found)

    def innocent(self, data: bytes) -> None:
        """Compare an innocent picture with every ban."""
        picture = _opened(data)
        for recipe in self.recipes:
            own = recipe.hash(picture)
            hit = any(recipe.same(ban, own) for ban in self._bans.get(recipe.name, {}).values())
            self._innocents.setdefault(recipe.name, []).append(hit)

    def rows(self) -> list[RecipeRow]:
        """Return what was counted, a row for each recipe."""
        return [
            _row(recipe, self._copies.get(recipe.name, {}), self._innocents.get(recipe.name, []))
            for recipe in self.recipes
        ]


def _row(recipe: Recipe, copies: Mapping[str, list[bool]], innocents: list[bool]) -> RecipeRow:
    edits = {edit: round(sum(found) / len(found), 6) for edit, found in copies.items()}
    hits, count = sum(innocents), len(innocents)
    return RecipeRow(
        recipe=recipe.name,
        radius=recipe.radius,
        edits=edits,
        detected=round(sum(edits.values()) / len(edits), 6) if edits else None,
        innocents=hits,
        rate=hits / count if count else 0.0,
        rate_at_most=upper_bound(hits, count) if count else 1.0,
    )


def _opened(data: bytes) -> Image.Image:
    """Return the first frame upright, in the mode in which a script would hash it."""
    with Image.open(io.BytesIO(data)) as image:
        return ImageOps.exif_transpose(image).convert("RGB")
