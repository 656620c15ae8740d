"""F5: decompression bombs. Refused with their reason, memory bounded."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.faults.conftest import Deploy
from tests.faults.console_client import Console, RemoteError
from tests.faults.pictures import encoded

MEGABYTE = 1024 * 1024


def bomb(side: int) -> bytes:
    return encoded(Image.new("L", (side, side), 7), "PNG")


def peak(pid: int) -> int:
    """Return the most bytes of memory that a process has had."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("needs /proc to see a process's peak")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def peaks(console: Console) -> list[int]:
    return [peak(pid) for pid in [console.process.pid, *console.call("sandbox_pids")]]


@pytest.mark.parametrize("side", [9_000, 12_000])
def test_f05_a_bomb_is_refused_at_the_door(deploy: Deploy, database: str, side: int) -> None:
    data = bomb(side)
    assert len(data) < MEGABYTE
    site = deploy(database=database)

    with pytest.raises(RemoteError) as refused:
        site.here.submit(data)

    assert refused.value.code == "too_many_pixels"
    assert site.here.call("uploads") == {}
    assert site.here.call("rows", table="moderation_refusal") == 1
    assert max(peaks(site.here)) < 300 * MEGABYTE
    site.check()


def test_f05_where_the_limits_let_a_bomb_in_memory_is_bounded_all_the_same(
    deploy: Deploy, database: str
) -> None:
    site = deploy(database=database, MAX_PIXELS=400_000_000, SANDBOX_MEMORY_MB=400, SANDBOX_SECONDS=20.0)
    upload = site.here.submit(bomb(13_000))
    for _ in range(3):
        site.here.call("sweep", work_here=True)

    assert site.here.status(upload) in ("held", "refused")
    assert max(peaks(site.here)) < 400 * MEGABYTE
    assert site.here.call("public_files") == []
    site.check()
