"""The second tier with its database: a ban, its reach among many stored uploads, and what is verified under the lock.

    python -m benchmarks.local_services --corpus DIR [--uploads 100000] [--bans 1 10] [--entries 2000]

Uses a new SQLite file, or what ``DATABASE_URL`` names. Bans are photographs of the corpus; the signatures of
stored uploads have the keypoints of others, mixed, a tenth of their bits flipped: 300 keypoints each. Prints one JSON
object per step; ``cpu_seconds`` do not depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.import_hashes import prepare, say, timed
from benchmarks.reaching_back import UPLOADS_PER_INSERT, store_uploads

DISTINCT = 4_000


def signatures_of(photos: list[Path]) -> list[bytes]:
    """Return stored signatures, ``DISTINCT`` different ones."""
    from benchmarks.local import opened, saved
    from benchmarks.local_scale import Synthetic
    from moderation.domain.local.features import STORED_KEYPOINTS, extract

    synthetic = Synthetic([extract(saved(opened(photo))).signature for photo in photos])
    return [synthetic.make(number, STORED_KEYPOINTS).to_bytes() for number in range(DISTINCT)]


def store_signatures(count: int, blobs: list[bytes]) -> None:
    """Store one of each upload."""
    from django.db import connection, transaction

    from moderation.domain.local.index import METHOD
    from moderation.models import UploadLocalFingerprint

    table = UploadLocalFingerprint._meta.db_table
    statement = f"INSERT INTO {table} (upload_id, method, data) VALUES (%s, %s, %s)"
    for start in range(1, count + 1, UPLOADS_PER_INSERT):
        rows = [
            (pk, METHOD, blobs[pk % len(blobs)])
            for pk in range(start, min(start + UPLOADS_PER_INSERT, count + 1))
        ]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(statement, rows)


def milliseconds(work: Callable[..., object], *arguments: Any, **named: Any) -> float:
    """Return milliseconds of processor time, in this process."""
    started = time.process_time()
    work(*arguments, **named)
    return (time.process_time() - started) * 1000


def summary(values: list[float]) -> dict[str, float]:
    """Return the median and the largest."""
    return {"median_ms": round(statistics.median(values), 2), "most_ms": round(max(values), 2)}


def bans(photos: list[Path], entries: int) -> None:
    """Measure what the tier adds to a ban: enrolment, and the fresh layer of this process, with and without it."""
    from benchmarks.local import opened
    from moderation import selectors
    from moderation.domain.local.signature import LocalSignature
    from moderation.models import BannedImage, LocalFingerprint
    from moderation.services.blocklists import banning
    from moderation.services.blocklists.banning import EntryOptions
    from moderation.services.blocklists.enrolment import picture_from_bytes
    from moderation.services.search import local

    default = selectors.blocklist_named("default")
    pictures = [picture_from_bytes(photo.read_bytes()) for photo in photos[:40]]
    features = [local.features_of(picture.analysis) for picture in pictures]
    enrolled = []
    for picture in pictures:
        made = banning.ban(picture=picture, blocklist=default, options=EntryOptions())
        rows = made.banned.local_fingerprints
        enrolled.append(sum(len(bytes(one.data)) for one in rows.all()))
    say("a ban keeps", most_bytes=max(enrolled))
    banned = BannedImage.objects.first()
    assert banned is not None
    enrol = [milliseconds(local.enrol, banned, one, at_revision=0) for one in features]
    LocalFingerprint.objects.filter(revision=0).delete()
    say("enrolment", **summary(enrol))
    decoded = [np.asarray(opened(photo)) for photo in photos[:40]]
    say("keypoints, in the sandbox", **summary([milliseconds(_extracted, one) for one in decoded]))
    index, _ = local.banned_signatures.catch_up()
    random = np.random.default_rng(1)
    data = [bytes(one) for one in LocalFingerprint.objects.values_list("data", flat=True)]
    crowd = [LocalSignature.from_bytes(data[random.integers(len(data))]) for _ in range(entries)]
    index.add_many((one, 10_000_000 + number) for number, one in enumerate(crowd))
    added = [milliseconds(index.add, one, 20_000_000 + number) for number, one in enumerate(crowd[:40])]
    say("the fresh layer, a ban more", fresh=index.fresh, **summary(added))
    local.banned_signatures.forget()


def _extracted(picture: NDArray[np.uint8]) -> None:
    from moderation.domain.local.features import extract
    from moderation.domain.local.quality import warnings

    warnings(extract(picture).signature)


def under_the_lock(photos: list[Path]) -> None:
    """Match uploads against the newest bans, one by one."""
    from moderation.services import revision
    from moderation.services.blocklists.enrolment import picture_from_bytes
    from moderation.services.revision import RevisionState
    from moderation.services.search import local

    before = revision.current().number - 1
    outside, under = [], []
    for photo in photos[100:140]:
        features = local.features_of(picture_from_bytes(photo.read_bytes()).analysis)
        found = local.Found((), (), RevisionState(before, uuid.UUID(int=0), 0))
        try:
            under.append(milliseconds(local.newer, features, before, found))
        except local.SignaturesChanged as changed:
            outside.append(milliseconds(changed.verify))
        under.append(milliseconds(local.newer, features, before, found))
    say("one newer signature: verified without the lock", **summary(outside))
    say("one newer signature: under the lock, then", **summary(under))


def reach(counts: list[int]) -> None:
    """Search all earlier uploads for some bans."""
    from moderation.models import BannedImage
    from moderation.services.rescans.local_reach import Bans

    for count in counts:
        entries = BannedImage.objects.filter(pk__in=BannedImage.objects.order_by("pk").values("pk")[:count])
        parts = timed("reach back", lambda e=entries: list(Bans(e).search(after=0)), bans=count)  # type: ignore[misc]
        found = sum(len(part.uploads) for part in parts)
        say("reach back: report", bans=count, uploads=parts[-1].looked_at, to_be_decoded=found)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--uploads", type=int, default=100_000)
    parser.add_argument("--bans", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--entries", type=int, default=2_000)
    arguments = parser.parse_args()
    photos = sorted((arguments.corpus / "photos").iterdir())
    with tempfile.TemporaryDirectory(prefix="local-services-") as name:
        prepare(Path(name), database="")
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        bans(photos, arguments.entries)
        under_the_lock(photos)
        blobs = signatures_of(photos[200:500])
        store_uploads(arguments.uploads)
        timed("stored", lambda: store_signatures(arguments.uploads, blobs), uploads=arguments.uploads)
        reach(arguments.bans)


if __name__ == "__main__":
    main()
