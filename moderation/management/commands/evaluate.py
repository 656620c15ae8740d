"""``manage.py evaluate``."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

from django.core.management.base import CommandError, CommandParser

from moderation.conf import get_settings
from moderation.domain.radii import NEVER, Band
from moderation.exceptions import PathUnreadable
from moderation.lab import EDITS, GROUPS, Baseline, Picture, Report, evaluate, page, report, text_table
from moderation.management.arguments import at_least
from moderation.management.base import FAILED, JsonCommand, printable, wrong_usage
from moderation.management.pictures import files_under, read
from moderation.services.decoder import decoder

ROLES = ("banned", "innocent", "also_banned")


class _Files(Sequence[Picture]):
    """Read when they are asked for: a long list does not fit into memory."""

    def __init__(self, paths: list[tuple[str, Path]]) -> None:
        self._paths = paths

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, at: int) -> Picture: ...
    @overload
    def __getitem__(self, at: slice) -> _Files: ...
    def __getitem__(self, at: int | slice) -> Picture | _Files:
        if isinstance(at, slice):
            return _Files(self._paths[at])
        return _picture(*self._paths[at])


class Command(JsonCommand):
    help = (
        "Say how many edited copies of banned pictures this installation would find, and how many innocent pictures "
        "it would flag. Nothing is stored. The same pictures and seed give the same report."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--banned", type=Path, metavar="DIR", help="Pictures to ban and to make copies of."
        )
        parser.add_argument("--innocent", type=Path, metavar="DIR", help="Pictures that must not be flagged.")
        parser.add_argument(
            "--also-banned",
            type=Path,
            metavar="DIR",
            help="Pictures that are on the list too, without copies being made of them: the more there are, the nearer this "
            "comes to a list in use. They must not show what is in the other folders.",
        )
        parser.add_argument(
            "--manifest",
            type=Path,
            metavar="CSV",
            help="Instead: a table with the columns file and role (banned, innocent or also_banned).",
        )
        parser.add_argument(
            "--output", type=Path, metavar="FILE.json", help="Write the whole report as JSON."
        )
        parser.add_argument("--html", type=Path, metavar="FILE", help="Write it as a page with plots.")
        parser.add_argument(
            "--group", action="append", choices=GROUPS, help="Only these edits; may be given again."
        )
        parser.add_argument(
            "--limit",
            type=at_least(1),
            metavar="N",
            help="Only the first N banned and the first N innocent pictures.",
        )
        parser.add_argument(
            "--tiers",
            type=int,
            choices=(1, 2),
            help="1: fingerprints only; 2: crops, rotations and collages too. Default: what this installation uses.",
        )
        parser.add_argument(
            "--baseline",
            choices=("imagehash",),
            help="Measure its hashes too, on the same pictures: aHash, dHash, pHash, wHash, colorhash and the crop-resistant "
            "one, as its documentation uses them (extra `lab`).",
        )
        parser.add_argument("--seed", type=at_least(0), default=0)

    def handle(self, *args: Any, **options: Any) -> None:
        settings = get_settings()
        analysis = settings.analysis(local=options["tiers"] != 1)
        if options["tiers"] == 2 and not analysis.want_local:
            raise wrong_usage(
                "The second tier is off: it needs the extra `local` (OpenCV) and the setting LOCAL."
            )
        baseline = _baseline() if options["baseline"] else None
        paths = self._paths(options)
        banned, innocent = (_load(paths[role][: options["limit"]]) for role in ("banned", "innocent"))
        chosen = {name: _band(pair) for name, pair in settings.radii.items()}
        with self.progress("screened") as progress:
            scores = evaluate(
                banned,
                innocent,
                also_banned=_Files(paths["also_banned"]),
                options=analysis,
                radii=chosen,
                edits=[edit for edit in EDITS if not options["group"] or edit.group in options["group"]],
                seed=options["seed"],
                analyse=decoder().analyse,
                watcher=baseline,
                progress=progress.reach,
            )
        found = report(scores, seed=options["seed"], baseline=baseline)
        _write(options["output"], json.dumps(found, indent=1) + "\n")
        _write(options["html"], page(found))
        self._say(found)

    def _say(self, found: Report) -> None:
        if not self.as_json:
            self.stdout.write(printable(text_table(found)))
            return
        for row in found["edits"]:
            self.emit({**row}, row["edit"])
        for recipe in found["baseline"]:
            self.emit({**recipe}, recipe["recipe"])
        self.emit(
            {key: found[key] for key in ("innocents", "overall", "entries", "tiers", "radii")}, "innocents"
        )

    def _paths(self, options: dict[str, Any]) -> dict[str, list[tuple[str, Path]]]:
        folders = [options["banned"], options["innocent"]]
        if (options["manifest"] is None) == (folders == [None, None]) or (
            options["manifest"] is None and None in folders
        ):
            raise wrong_usage("Give --banned and --innocent, or --manifest.")
        paths = (
            {role: _from_folder(options[role]) for role in ("banned", "innocent")} | {"also_banned": []}
            if options["manifest"] is None
            else _from_manifest(options["manifest"])
        )
        if options["also_banned"] is not None:
            paths["also_banned"] += _from_folder(options["also_banned"])
        return paths


def _baseline() -> Baseline:
    try:
        return Baseline()
    except ModuleNotFoundError as error:
        raise wrong_usage("--baseline imagehash needs the extra `lab`.") from error


def _from_folder(folder: Path) -> list[tuple[str, Path]]:
    found = []
    for one in files_under([folder]):
        if not isinstance(one, Path):
            raise CommandError(str(one[1]), returncode=FAILED)
        found.append((printable(one.relative_to(folder) if one != folder else one.name), one))
    return found


def _from_manifest(manifest: Path) -> dict[str, list[tuple[str, Path]]]:
    """Return the pictures of a manifest by role. Names are relative to the manifest's folder; other roles are left
    out."""
    try:
        with manifest.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"{printable(manifest)} cannot be read: {error}", returncode=FAILED) from error
    if not rows or not {"file", "role"} <= set(rows[0]):
        raise wrong_usage(f"{printable(manifest)} has no columns file and role.")
    return {
        role: [(row["file"], manifest.parent / row["file"]) for row in rows if row["role"] == role]
        for role in ROLES
    }


def _load(paths: list[tuple[str, Path]]) -> list[Picture]:
    return [_picture(name, path) for name, path in paths]


def _picture(name: str, path: Path) -> Picture:
    try:
        return Picture(name, read(path).data)
    except PathUnreadable as error:
        raise CommandError(str(error), returncode=FAILED) from error


def _band(pair: tuple[int | None, int]) -> Band:
    block, hold = pair
    return Band(NEVER if block is None else block, hold)


def _write(path: Path | None, text: str) -> None:
    if path is None:
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(
            f"{printable(path)} cannot be written: {error.strerror}", returncode=FAILED
        ) from error
