"""``make bench``: every measurement, one after the other, and a table of how they went.

    python -m benchmarks                       all of them
    python -m benchmarks throughput latency    these
    python -m benchmarks --quick               small: to see that they run, not to quote
    python -m benchmarks --list

Each runs in a process of its own and prints its numbers as it goes; nothing else should run meanwhile.
Exit status 0 where each reached its goals.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORPUS = "{corpus}"


@dataclass(frozen=True, slots=True)
class Measurement:
    """A module of this package, and how it is asked."""

    name: str
    what: str
    arguments: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()
    """Instead of ``arguments``, with ``--quick``."""
    script: bool = False
    """Run by path: its neighbours are imported by their bare names."""

    @property
    def needs_corpus(self) -> bool:
        """Whether it wants the folder of real pictures."""
        return CORPUS in self.arguments


MEASUREMENTS = (
    Measurement(
        "fingerprints",
        "from bytes to fingerprints, against the naive way",
        ("--corpus", CORPUS),
        ("--corpus", CORPUS, "--pictures", "1"),
    ),
    Measurement(
        "http",
        "what HTTP adds to a screening, look-ups in a long list",
        quick=("--hashes", "10000", "--requests", "20", "--seconds", "5"),
    ),
    Measurement("sandbox", "what the sandbox adds to a decoding", quick=("--pictures", "20")),
    Measurement(
        "index", "search against its peers", quick=("--sizes", "10k", "--output", "{scratch}/search")
    ),
    Measurement(
        "index_operations",
        "matching, opening, changing the index",
        ("--banned", "100k", "--entries", "1M"),
        ("--banned", "10k", "--entries", "10k"),
    ),
    Measurement(
        "reaching_back",
        "a ban, and an import, against stored uploads",
        quick=("--uploads", "20000", "--codes", "20000"),
    ),
    Measurement("import_hashes", "a million hashes into a list", ("--postgres",), ("--size", "20000")),
    Measurement(
        "local",
        "second tier: recall of crops, screenshots, collages",
        ("--corpus", CORPUS),
        ("--corpus", CORPUS, "--distractors", "200", "--bans", "10", "--innocents", "40"),
        script=True,
    ),
    Measurement(
        "local_guards",
        "second tier: shared overlays",
        ("--corpus", CORPUS),
        ("--corpus", CORPUS, "--pairs", "10"),
        script=True,
    ),
    Measurement(
        "local_scale",
        "second tier: many bans",
        ("--corpus", CORPUS),
        ("--corpus", CORPUS, "--bans", "2000", "--uploads", "2000", "--queries", "10"),
        script=True,
    ),
    Measurement(
        "local_services",
        "second tier: a ban and its reach, with the database",
        ("--corpus", CORPUS),
        ("--corpus", CORPUS, "--uploads", "2000", "--entries", "200"),
    ),
    Measurement(
        "local_odd",
        "second tier: drawings, patterns, negatives, blur",
        ("--corpus", CORPUS),
        ("--corpus", CORPUS, "--distractors", "200", "--each", "3"),
    ),
    Measurement(
        "local_crowding",
        "second tier: many bans in one template",
        ("--corpus", CORPUS),
        ("--corpus", CORPUS, "--bans", "20", "--uploads", "4"),
    ),
    Measurement("desk", "the moderators' pages among a million screenings", quick=("--quick",)),
    Measurement("latency", "from POST to verdict, idle", quick=("--uploads", "10", "--banned", "1000")),
    Measurement(
        "throughput",
        "verdicts per second, and where the time goes",
        quick=("--uploads", "60", "--banned", "1000"),
    ),
    Measurement(
        "soak", "uploads while something is killed all the time", quick=("--uploads", "60", "--pause", "3")
    ),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run those that are named, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--list", action="store_true", help="say what there is")
    options = parser.parse_args(argv)
    there = [one for one in MEASUREMENTS if (ROOT / "benchmarks" / f"{one.name}.py").is_file()]
    if options.list:
        for one in there:
            print(f"{one.name.ljust(18)} {one.what}")
        return 0
    unknown = set(options.names) - {one.name for one in there}
    if unknown:
        parser.error(f"There is no measurement {', '.join(sorted(unknown))}; --list says which there are.")
    chosen = [one for one in there if not options.names or one.name in options.names]
    rows = [run(one, quick=options.quick) for one in chosen]
    print(f"\n{'measurement':18} {'result':12} {'seconds':>8}")
    for name, result, seconds in rows:
        print(f"{name:18} {result:12} {seconds:8.0f}")
    return 0 if all(result in ("done", "left out") for _, result, _ in rows) else 1


def run(one: Measurement, *, quick: bool) -> tuple[str, str, float]:
    """Name, how it went, seconds."""
    corpus = os.environ.get("MODERATION_CORPUS", str(ROOT.parent / "shared" / "corpus"))
    print(f"\n== {one.name}: {one.what}", flush=True)
    if one.needs_corpus and not Path(corpus, "manifest.csv").is_file():
        print("left out: MODERATION_CORPUS names no folder of pictures")
        return one.name, "left out", 0.0
    scratch = ROOT / ".cache" / "benchmarks"
    scratch.mkdir(parents=True, exist_ok=True)
    words = one.quick if quick and one.quick else one.arguments
    arguments = [word.format(corpus=corpus, scratch=scratch) for word in words]
    program = (
        [str(ROOT / "benchmarks" / f"{one.name}.py")] if one.script else ["-m", f"benchmarks.{one.name}"]
    )
    path = os.pathsep.join(filter(None, [str(ROOT), str(ROOT / "site"), os.environ.get("PYTHONPATH", "")]))
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, *program, *arguments], cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, check=False
    )
    result = "done" if done.returncode == 0 else f"failed ({done.returncode})"
    return one.name, result, time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
