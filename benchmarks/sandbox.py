"""What the sandbox costs per avatar: analysis in a child, minus the same analysis in this process.

    python -m benchmarks.sandbox [--pictures 200] [--side 512]

Prints one JSON object. Both are measured in turns, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
from PIL import Image

from moderation.domain import pipeline
from moderation.domain.analysis import AnalysisOptions
from moderation.domain.sandbox import Sandbox, SandboxLimits


def avatar(side: int) -> bytes:
    noise = np.random.default_rng(1).normal(128, 60, (side // 8, side // 8, 3)).clip(0, 255)
    picture = Image.fromarray(noise.astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=88)
    return file.getvalue()


def milliseconds(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return (time.perf_counter() - began) * 1000


def measure(*, pictures: int, side: int) -> dict[str, float]:
    data, options = avatar(side), AnalysisOptions(want_clean=True)
    with Sandbox(SandboxLimits(workers=1, recycle_after=pictures * 2 + 10)) as sandbox:
        start = milliseconds(sandbox.containment)
        inside = [milliseconds(lambda: sandbox.analyse(data, options)) for _ in range(5)]
        outside = [milliseconds(lambda: pipeline.analyse(data, options)) for _ in range(5)]
        inside.clear()
        outside.clear()
        probes: list[float] = []
        for _ in range(pictures):
            inside.append(milliseconds(lambda: sandbox.analyse(data, options)))
            outside.append(milliseconds(lambda: pipeline.analyse(data, options)))
            probes.append(milliseconds(lambda: sandbox.probe(data, options.limits)))
    return {
        "bytes": len(data),
        "child_start_ms": round(start, 1),
        "sandbox_ms": round(statistics.median(inside), 3),
        "in_process_ms": round(statistics.median(outside), 3),
        "overhead_ms": round(
            statistics.median(one - two for one, two in zip(inside, outside, strict=True)), 3
        ),
        "probe_ms": round(statistics.median(probes), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--side", type=int, default=512)
    arguments = parser.parse_args()
    print(json.dumps(measure(pictures=arguments.pictures, side=arguments.side)))


if __name__ == "__main__":
    main()
