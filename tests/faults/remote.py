"""What a console can be asked to do: calls of the project's own services, answers as plain data."""

from __future__ import annotations

import base64
import os
import signal
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import connection, transaction

from avatars.members import profile_of
from moderation import api, storage
from moderation.models import (
    BannedImage,
    BlocklistChange,
    Decision,
    FileRemoval,
    Heartbeat,
    Rescan,
    Screening,
    Upload,
)
from moderation.services import dispatching, revision
from moderation.services.decoder import decoder
from moderation.services.history import verification
from moderation.services.operations import sweeping
from moderation.services.rescans import rescan
from moderation.services.uploads import queue, screening
from tests.waiting import eventually


def member(name: str) -> int:
    """Make a user with a profile and a password that is the name twice."""
    user, created = User.objects.get_or_create(username=name)
    if created:
        user.set_password(name * 2)
        user.save()
    profile_of(user)
    return int(user.pk)


def submit(data: str, name: str) -> dict[str, Any]:
    user = User.objects.get(pk=member(name))
    status = api.submit_upload(
        ContentFile(base64.b64decode(data), name="avatar.png"),
        owner=user,
        target=(profile_of(user), "avatar"),
    )
    upload = Upload.objects.get(reference=status.reference)
    return {"id": upload.pk, "status": upload.status}


def ban(data: str, name: str = "") -> dict[str, Any]:
    actor = User.objects.get(pk=member(name)) if name else None
    result = api.ban(base64.b64decode(data), actor=actor)
    return {"id": result.banned.pk, "created": result.created, "revision": result.revision}


def screen(upload_id: int) -> str | None:
    return screening.screen(upload_id=upload_id)


def dispatch(upload_id: int) -> None:
    dispatching.dispatcher().screen(upload_id)


def sweep(older_than: float = 0.0, work_here: bool = False) -> dict[str, int]:
    swept = sweeping.sweep(older_than=timedelta(seconds=older_than), work_here=work_here)
    return {"found": swept.found, "files_removed": swept.files_removed}


def run_rescans() -> int:
    pending = rescan.unfinished()
    for pk in pending:
        rescan.run(rescan_id=pk)
    return len(pending)


def uploads() -> dict[str, dict[str, Any]]:
    names = ("status", "reason", "attempts", "published", "original", "reencoded", "target_id")
    return {
        str(row.pk): {name: getattr(row, name) for name in names} for row in Upload.objects.order_by("pk")
    }


def upload(upload_id: int) -> dict[str, Any]:
    return uploads()[str(upload_id)]


def screenings(upload_id: int) -> list[dict[str, Any]]:
    rows = Screening.objects.filter(upload_id=upload_id).order_by("pk")
    return [dict(row) for row in rows.values("verdict", "reason", "revision", "occasion")]


def bans() -> list[int]:
    return list(BannedImage.objects.order_by("pk").values_list("pk", flat=True))


def decisions() -> list[dict[str, Any]]:
    rows = Decision.objects.order_by("pk")
    return [dict(row) for row in rows.values("kind", "actor_id", "banned_id")]


def current_revision() -> int:
    return revision.current().number


def open_rescans() -> int:
    return Rescan.objects.open().count()


def removals_due_now() -> None:
    """Make removals due, as if the time for which a file may wait for its transaction were over."""
    from django.utils import timezone

    FileRemoval.objects.update(not_before=timezone.now() - timedelta(seconds=1))


def rescans_free_now() -> None:
    """Free the rescans, as if the lease of a dead worker had run out."""
    Rescan.objects.update(lease_until=None)


def wait_for_free_lease(upload_id: int) -> None:
    free = Upload.objects.filter(queue.FREE, pk=upload_id)
    decided = Upload.objects.filter(pk=upload_id).exclude(status="pending")
    eventually(lambda: free.exists() or decided.exists())


def public_files() -> list[str]:
    root = Path(settings.MEDIA_ROOT)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def quarantine_path(name: str) -> str:
    return str(storage.quarantine().path(name))


def public_path(name: str) -> str:
    return str(storage.public().path(name))


def violations() -> list[str]:
    """Return what must hold whatever happened and does not; an empty list where all of it does.

    A public file that no upload refers to must at least be announced for removal; a settled deployment
    has none (see :func:`public_files`).
    """
    found: list[str] = []
    published = {row.published: row for row in Upload.objects.exclude(published="")}
    announced = set(FileRemoval.objects.values_list("name", flat=True))
    for name in public_files():
        row = published.get(name)
        if row is None and name not in announced:
            found.append(f"nobody knows the public file {name}")
        elif row is not None and row.status != Upload.Status.APPROVED:
            found.append(f"upload {row.pk} is {row.status} and public")
    found += [
        f"upload {row.pk} is approved and its file is missing"
        for row in published.values()
        if not storage.public().exists(row.published)
    ]
    for row in Upload.objects.all():
        judged = Screening.objects.filter(upload_id=row.pk).exclude(occasion="failure")
        revisions = list(judged.values_list("revision", flat=True))
        if len(revisions) != len(set(revisions)):
            found.append(f"upload {row.pk} has two verdicts at one revision")
        if row.status == Upload.Status.APPROVED and not judged.filter(verdict="allow").exists():
            found.append(f"upload {row.pk} is approved without a verdict")
    numbers = list(BlocklistChange.objects.order_by("revision").values_list("revision", flat=True))
    if len(numbers) != len(set(numbers)):
        found.append("two changes have one revision")
    report = verification.verify()
    found += [f"history: {fault.kind} {fault.record}" for fault in report.faults]
    return found


def rows(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")
        return int(cursor.fetchone()[0])


def hide(table: str) -> None:
    """Rename a table, as if a migration had failed half-way: it is not where it is looked for."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_hidden")


def ban_and_hide(data: str, table: str) -> None:
    """Ban and hide, so that both become visible in the same moment: no process has the entry in its index."""
    with transaction.atomic():
        ban(data)
        hide(table)


def unhide(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table}_hidden RENAME TO {table}")


def sandbox_pids() -> list[int]:
    return decoder().pids()


def fill(folder: str) -> int:
    """Write until the disk is full; the bytes written."""
    count = 0
    with suppress(OSError), Path(folder, "filler").open("wb", buffering=0) as file:
        while True:
            count += file.write(bytes(4096))
    return count


def free(folder: str) -> None:
    Path(folder, "filler").unlink()


def die_at(point: str) -> None:
    """Kill this process (SIGKILL) when it gets to ``module:function``: before it does anything (``before``), or when
    it has done it (``after``)."""
    when, _, where = point.partition(" ")
    module_name, _, name = where.partition(":")
    module = import_module(module_name)
    real = getattr(module, name)

    def fatal(*arguments: Any, **options: Any) -> Any:
        if when == "after":
            real(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(module, name, fatal)


def decided() -> int:
    """Return how many uploads have a verdict."""
    return Upload.objects.exclude(status=Upload.Status.PENDING).count()


def tally(skip: int = 0) -> dict[str, int]:
    """Count uploads by status, without the first ``skip``."""
    rows = Upload.objects.order_by("pk").values_list("status", flat=True)[skip:]
    return dict(sorted(Counter(rows).items()))


def soaked() -> list[dict[str, Any]]:
    """Return for each upload its digest, its status and reason, and how many verdicts it has."""
    judged = Screening.objects.exclude(occasion="failure").values_list("upload_id", flat=True)
    counts = Counter(judged)
    return [
        {"sha256": bytes(sha256).hex(), "status": status, "reason": reason, "verdicts": counts[pk]}
        for pk, sha256, status, reason in Upload.objects.values_list("pk", "sha256", "status", "reason")
    ]


def heartbeats_are_old() -> None:
    """Age the heartbeats, as if the time for which one counts were over."""
    from django.utils import timezone

    Heartbeat.objects.update(written_at=timezone.now() - timedelta(minutes=2))
