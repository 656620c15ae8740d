"""Files, settings and indexes of a test's own, and commits inside of a ``TestCase``.

A ``TestCase`` keeps its transaction open to its end, so what waits for a commit never happens, and every
upload stays pending. Where only the transactions of the test case are left open, the code under test has
committed: then what this app has registered is called. The host's own callbacks are left alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.test import override_settings

from moderation.conf import get_settings
from moderation.services.search.earlier import earlier_uploads
from moderation.services.search.index import banned_codes
from moderation.services.search.local import banned_signatures

DISPATCHER = "moderation.testing.ImmediateDispatcher"
FILES = "django.core.files.storage.FileSystemStorage"
PRIVATE = "moderation.storage.PrivateFileSystemStorage"


def forget() -> None:
    """Let the indexes of this process start anew: a test's database has another history than the last
    one's. The mixin and the fixture do it."""
    banned_codes.forget()
    earlier_uploads.forget()
    banned_signatures.forget()


@contextmanager
def isolated() -> Iterator[Path]:
    """Screen at once, without limits, with files in a folder that goes away; the folder.

    The storages ``default``, that of the quarantine and that of published pictures are in it, whatever they
    are otherwise. A field with a storage object of its own keeps that.
    """
    with tempfile.TemporaryDirectory(prefix="moderation-test-") as name:
        folder = Path(name)
        forget()
        with override_settings(**_settings(folder)), _commits_inside_of_test_cases():
            yield folder
        forget()


def _settings(folder: Path) -> dict[str, Any]:
    found = get_settings()
    storages = dict(settings.STORAGES)
    for alias in {DEFAULT_DB_ALIAS, found.public_storage} & {DEFAULT_DB_ALIAS, *storages}:
        storages[alias] = {
            "BACKEND": FILES,
            "OPTIONS": {"location": str(folder / "media"), "base_url": settings.MEDIA_URL},
        }
    storages[found.quarantine_storage] = {
        "BACKEND": PRIVATE,
        "OPTIONS": {"location": str(folder / "quarantine")},
    }
    moderation = {
        **getattr(settings, "MODERATION", {}),
        "DISPATCHER": DISPATCHER,
        "UPLOADS_PER_MINUTE": 0,
        "PENDING_AT_ONCE": 0,
        "INDEX_DIR": "",
    }
    return {"STORAGES": storages, "MEDIA_ROOT": str(folder / "media"), "MODERATION": moderation}


@contextmanager
def _commits_inside_of_test_cases() -> Iterator[None]:
    leave = transaction.Atomic.__exit__

    def leave_and_call(block: Any, kind: Any, error: Any, traceback: Any) -> None:
        leave(block, kind, error, traceback)
        if kind is None:
            _call_what_waits(block.using)

    with mock.patch.object(transaction.Atomic, "__exit__", leave_and_call):
        yield


def _call_what_waits(using: str | None) -> None:
    connection = connections[using or DEFAULT_DB_ALIAS]
    open_blocks = connection.atomic_blocks
    # Django marks the transactions of a TestCase so, to let durable ones through.
    if not open_blocks or connection.needs_rollback or not all(block._from_testcase for block in open_blocks):  # type: ignore[attr-defined]  # noqa: SLF001
        return
    while ours := [entry for entry in connection.run_on_commit if _is_ours(entry[1])]:
        # One after the other: a callback may commit, and add more.
        connection.run_on_commit.remove(ours[0])
        ours[0][1]()


def _is_ours(call: Callable[[], object]) -> bool:
    if isinstance(call, partial):
        call = call.func
    return (getattr(call, "__module__", None) or "").partition(".")[0] == "moderation"
