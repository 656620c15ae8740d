"""What moderation needs of a storage: one contract, kept by files on disk and by S3."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.utils import timezone
from moto import mock_aws
from storages.backends.s3 import S3Storage

from config import buckets
from moderation import api, storage
from moderation.models import FileRemoval
from moderation.services.operations import diagnosis, sweeping
from moderation.storage import PrivateFileSystemStorage
from tests import pictures
from tests.services.people import member, send

PUBLIC, QUARANTINE = "pictures", "pictures-quarantine"
DATA = pictures.encode(pictures.scene(5))


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Start an S3 in this process, with two buckets."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "only-for-tests")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("S3_PUBLIC_BUCKET", PUBLIC)
    monkeypatch.setenv("S3_QUARANTINE_BUCKET", QUARANTINE)
    with mock_aws():
        client = boto3.client("s3")
        for bucket in (PUBLIC, QUARANTINE):
            client.create_bucket(Bucket=bucket)
        yield client


class StorageContract:
    """Inherited by a class per storage, which gives the fixture ``area``."""

    def test_what_is_written_is_read(self, area: Storage) -> None:
        name = storage.write(area, storage.fresh_name("clean", "JPEG"), DATA)

        assert storage.read(area, name) == DATA
        assert area.exists(name)
        assert area.size(name) == len(DATA)

    def test_the_name_that_was_asked_for_is_used_where_it_is_free(self, area: Storage) -> None:
        name = storage.fresh_name("clean", "PNG")

        assert storage.write(area, name, DATA) == name

    def test_a_name_that_is_taken_is_not_written_over(self, area: Storage) -> None:
        first = storage.write(area, storage.fresh_name("clean", "JPEG"), DATA)

        second = storage.write(area, first, b"something else")

        assert second != first
        assert storage.read(area, first) == DATA
        assert storage.read(area, second) == b"something else"

    def test_a_missing_file_is_reported_as_such(self, area: Storage) -> None:
        with pytest.raises(FileNotFoundError):
            storage.read(area, storage.fresh_name("clean", "JPEG"))

    def test_what_is_deleted_is_gone(self, area: Storage) -> None:
        name = storage.write(area, storage.fresh_name("clean", "JPEG"), DATA)

        area.delete(name)

        assert not area.exists(name)
        with pytest.raises(FileNotFoundError):
            storage.read(area, name)

    def test_deleting_what_is_not_there_is_no_error(self, area: Storage) -> None:
        area.delete(storage.fresh_name("clean", "JPEG"))

    def test_large_and_empty_files_stay_as_they_are(self, area: Storage) -> None:
        for data in (b"", bytes(range(256)) * 40_000):
            assert storage.read(area, storage.write(area, storage.fresh_name("originals"), data)) == data

    def test_files_are_listed_by_folder(self, area: Storage) -> None:
        name = storage.write(area, storage.fresh_name("clean", "JPEG"), DATA)
        folder, inner, file = name.split("/")

        assert area.listdir(folder) == ([inner], [])
        assert area.listdir(f"{folder}/{inner}") == ([], [file])

    def test_their_age_is_known(self, area: Storage) -> None:
        name = storage.write(area, storage.fresh_name("clean", "JPEG"), DATA)

        assert abs(timezone.now() - area.get_modified_time(name)) < timedelta(minutes=1)


class TestFiles(StorageContract):
    @pytest.fixture
    def area(self, tmp_path: Path) -> Storage:
        return FileSystemStorage(tmp_path, base_url="/media/")


class TestPrivateFiles(StorageContract):
    @pytest.fixture
    def area(self, tmp_path: Path) -> Storage:
        return PrivateFileSystemStorage(tmp_path)

    def test_they_have_no_address(self, area: Storage) -> None:
        with pytest.raises(ValueError, match="no public address"):
            area.url("clean/a.jpg")


class TestS3(StorageContract):
    @pytest.fixture
    def area(self, s3: Any) -> Storage:
        bucket: Storage = S3Storage(**buckets.storages()["moderation_public"]["OPTIONS"])
        return bucket

    def test_the_address_is_the_same_for_everybody(self, area: Storage) -> None:
        assert "Signature" not in area.url("uploads/a.jpg")

    def test_the_browser_is_told_that_it_is_a_picture(self, area: Storage, s3: Any) -> None:
        name = storage.write(area, storage.fresh_name("uploads", "WEBP"), DATA)

        assert s3.head_object(Bucket=PUBLIC, Key=name)["ContentType"] == "image/webp"


class TestPrivateS3(StorageContract):
    @pytest.fixture
    def area(self, s3: Any) -> Storage:
        bucket: Storage = S3Storage(**buckets.storages()["moderation_quarantine"]["OPTIONS"])
        return bucket

    def test_only_signed_addresses_are_given_out(self, area: Storage) -> None:
        name = storage.write(area, storage.fresh_name("clean", "JPEG"), DATA)

        assert "Signature" in area.url(name)
        assert requests.get(area.url(name).partition("?")[0], timeout=5).status_code == 403


def _keys(s3: Any, bucket: str) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


@pytest.fixture
def site_on_s3(s3: Any, settings: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    from avatars.models import Profile

    settings.STORAGES = {**settings.STORAGES, **buckets.storages()}
    monkeypatch.setattr(Profile._meta.get_field("avatar"), "storage", storages["default"])
    return s3


@pytest.mark.django_db(transaction=True)
def test_the_main_job_on_s3(site_on_s3: Any) -> None:
    ada = member()
    upload = send(DATA, who=ada)
    assert upload.status == "approved"
    assert _keys(site_on_s3, PUBLIC) == [upload.published]
    assert _keys(site_on_s3, QUARANTINE) == [upload.reencoded]

    api.ban(DATA)
    sweeping.sweep()

    upload.refresh_from_db()
    assert upload.status == "rejected"
    assert _keys(site_on_s3, PUBLIC) == []
    assert not FileRemoval.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_doctor_is_content_with_s3(site_on_s3: Any) -> None:
    send(DATA, who=member())

    found = {finding.check: finding for finding in diagnosis.examine()}

    for name in (
        "quarantine_storage",
        "public_storage",
        "published_files",
        "orphans_public",
        "orphans_quarantine",
    ):
        assert found[name].level == "ok", found[name]
    assert found["quarantine_private"].level != "fault"
