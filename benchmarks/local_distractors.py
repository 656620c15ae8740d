"""A long list for ``manage.py evaluate``: distractors as picture files, and a manifest that names them.

``python -m benchmarks.local_distractors --corpus DIR --output DIR [--count 9600]``, then
``python manage.py evaluate --manifest OUTPUT/manifest.csv``. The distractors are crops and edits of the innocent photographs
400–799, as ``benchmarks/local.py`` enrols them; those photographs are then no uploads. About 35 KB each.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tqdm import tqdm

from benchmarks.local import Corpus, distractor, opened

FROM, TO = 400, 800
"""Innocent photographs that the distractors are made of."""
SIDE = 512
"""Longest side, pixels: what is kept of a ban as evidence."""


def rows(corpus: Corpus, folder: Path, made: list[Path]) -> Iterator[tuple[str, str]]:
    """Yield file, relative to the output's folder, and role."""
    innocent = [*corpus.photos[:FROM], *corpus.photos[TO:], *corpus.avatars]
    for role, paths in (("banned", corpus.banned), ("innocent", innocent)):
        yield from ((path.relative_to(folder).as_posix(), role) for path in paths)
    yield from ((f"distractors/{path.name}", "also_banned") for path in made)


def main() -> int:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--count", type=int, default=9_600)
    options = parser.parse_args()
    corpus = Corpus(options.corpus)
    folder = options.output / "distractors"
    folder.mkdir(parents=True, exist_ok=True)
    made = [folder / f"{number:05d}.jpg" for number in range(options.count)]
    sources = corpus.photos[FROM:TO]
    with tqdm(total=options.count, unit="picture", file=sys.stderr) as bar:
        for first, path in enumerate(sources):
            source = opened(path)
            for number in range(first, options.count, len(sources)):
                picture = distractor(source, Random(number))
                picture.thumbnail((SIDE, SIDE))
                picture.save(made[number], quality=90)
                bar.update()
    for name in {path.relative_to(options.corpus).parts[0] for path in [*corpus.banned, *corpus.avatars]}:
        link = options.output / name
        link.unlink(missing_ok=True)
        link.symlink_to((options.corpus / name).resolve())
    with (options.output / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", "role"])
        table.writerows(rows(corpus, options.corpus, made))
    print(options.output / "manifest.csv")
    return 0


if __name__ == "__main__":
    sys.exit(main())
