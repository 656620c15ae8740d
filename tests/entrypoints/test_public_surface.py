"""What hosts import is frozen: a name that goes, or one that comes by accident, fails here first."""

from __future__ import annotations

import importlib

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.files.base import ContentFile

from moderation import api
from tests import pictures
from tests.services.concurrency import Elsewhere
from tests.services.people import member

SURFACE = {
    "moderation.api": {
        "Explanation",
        "NoticeView",
        "ReportStatus",
        "ScreenedBytes",
        "UploadStatus",
        "ask_for_review",
        "ban",
        "check_at_door",
        "erase_data",
        "explain",
        "export_data",
        "fingerprint",
        "limits",
        "mark_notices_read",
        "notices_for",
        "report_picture",
        "report_status",
        "reports_of",
        "screen_bytes",
        "status_of",
        "submit_upload",
        "upload_status",
        "withdraw",
    },
    "moderation.fields": {"ModeratedImageField", "ModeratedImageFormField"},
    "moderation.rest": {"ModeratedImageField", "exception_handler"},
    "moderation.validators": {"NotBanned"},
    "moderation.signals": {
        "ban_retired",
        "file_removed",
        "image_banned",
        "notice_created",
        "upload_approved",
        "upload_held",
        "upload_refused",
        "upload_rejected",
        "upload_taken_down",
    },
    "moderation.testing": {
        "ImmediateDispatcher",
        "ModerationTestCase",
        "ModerationTestMixin",
        "PausedDispatcher",
        "drawn_picture",
        "forget",
        "isolated",
        "paused",
    },
    "moderation.thumbnails": {"remove_easy_thumbnails", "remove_imagekit_files"},
    "moderation.testing.fixtures": {"isolated_moderation"},
    "moderation.admin.mixins": {"BanPicturesMixin"},
}


@pytest.mark.parametrize("name", SURFACE)
def test_the_surface_is_as_it_was_released(name: str) -> None:
    module = importlib.import_module(name)

    assert set(module.__all__) == SURFACE[name]
    assert all(hasattr(module, entry) for entry in module.__all__)


@pytest.mark.django_db(transaction=True)
def test_it_can_be_awaited_from_an_async_view() -> None:
    ada = member()

    @async_to_sync
    async def view() -> api.UploadStatus:
        file = ContentFile(pictures.encode(pictures.scene(1)), "x.jpg")
        return await sync_to_async(api.submit_upload)(file, owner=ada.user, target=(ada, "avatar"))

    # In a thread of its own: a browser test before this one may have left an event loop in ours.
    assert Elsewhere(view).result().status == "approved"
