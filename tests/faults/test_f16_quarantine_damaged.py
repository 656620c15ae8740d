"""F16: the quarantined file is missing or cut short. Held with that reason, never approved."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.conftest import Deploy
from tests.faults.pictures import picture


def remove(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def exchange(path: Path) -> None:
    path.write_bytes(picture(99))


@pytest.mark.parametrize(
    ("damage", "reason"), [(remove, "file_missing"), (cut, "file_damaged"), (exchange, "file_damaged")]
)
def test_f16_a_damaged_original_is_held(
    deploy: Deploy, database: str, redis_url: str, damage: object, reason: str
) -> None:
    assert callable(damage)
    site = deploy(database=database, redis=redis_url)
    upload = site.here.submit(picture(1))
    original = site.here.call("upload", upload_id=upload)["original"]
    damage(Path(site.here.call("quarantine_path", name=original)))

    assert site.here.call("screen", upload_id=upload) == "held"

    assert site.here.call("upload", upload_id=upload)["reason"] == reason
    assert site.here.call("public_files") == []
    site.check()
