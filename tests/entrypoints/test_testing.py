"""What hosts test with: verdicts inside of a TestCase, files in a folder that goes away."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage, storages
from django.db import transaction
from django.test import TestCase, TransactionTestCase, override_settings

from moderation import api, signals
from moderation.models import Upload
from moderation.testing import ModerationTestMixin, drawn_picture, isolated, paused
from moderation.testing.fixtures import isolated_moderation
from tests.hostsite.models import Keeper, Pet

__all__ = ["isolated_moderation"]


def _file(seed: int) -> ContentFile[bytes]:
    return ContentFile(drawn_picture(seed), "rex.jpg")


class InsideATransaction(ModerationTestMixin, TestCase):
    """A host's own tests."""

    keeper: ClassVar[Keeper]
    old: ClassVar[Pet]

    @classmethod
    def setUpTestData(cls) -> None:
        cls.keeper = Keeper.objects.create(name="Ann")
        cls.old = Pet.objects.create(keeper=cls.keeper, portrait=_file(1))

    def test_what_the_class_made_is_screened(self) -> None:
        assert self.old.portrait

    def test_a_banned_picture_is_rejected(self) -> None:
        api.ban(drawn_picture(2))

        pet = Pet.objects.create(keeper=self.keeper, portrait=_file(2))

        assert not pet.portrait
        assert Upload.objects.latest("id").status == "rejected"

    def test_a_ban_is_forgotten_with_its_transaction(self) -> None:
        assert Pet.objects.create(keeper=self.keeper, portrait=_file(2)).portrait

    def test_a_ban_reaches_what_the_class_made(self) -> None:
        api.ban(drawn_picture(1))

        assert not Pet.objects.get(pk=self.old.pk).portrait

    def test_many_uploads_of_one_owner(self) -> None:
        pets = [Pet.objects.create(keeper=self.keeper, portrait=_file(seed)) for seed in range(3, 25)]

        assert all(pet.portrait for pet in pets)

    def test_files_go_with_the_row(self) -> None:
        pet = Pet.objects.create(keeper=self.keeper, portrait=_file(3))
        name = str(pet.portrait.name)

        pet.delete()

        assert not default_storage.exists(name)

    def test_what_is_rolled_back_is_not_screened(self) -> None:
        with transaction.atomic():
            Pet.objects.create(keeper=self.keeper, portrait=_file(3))
            transaction.set_rollback(True)
        Pet.objects.create(keeper=self.keeper)

        assert Upload.objects.count() == 1

    def test_callbacks_of_the_host_wait_as_ever(self) -> None:
        called: list[bool] = []
        with transaction.atomic():
            transaction.on_commit(lambda: called.append(True))
            transaction.on_commit(called.clear)
        Pet.objects.create(keeper=self.keeper, portrait=_file(3))

        assert called == []

    def test_signals_are_sent(self) -> None:
        heard: list[Any] = []

        def hear(upload: Upload, **_kwargs: Any) -> None:
            heard.append(upload.status)

        signals.upload_approved.connect(hear)
        Pet.objects.create(keeper=self.keeper, portrait=_file(3))
        signals.upload_approved.disconnect(hear)

        assert heard == ["approved"]


@override_settings(MODERATION={"DISPATCHER": "moderation.testing.PausedDispatcher"})
class Paused(ModerationTestMixin, TestCase):
    """Settings of the class come on top."""

    def test_it_waits_until_it_is_told_to(self) -> None:
        pet = Pet.objects.create(keeper=Keeper.objects.create(name="Ann"), portrait=_file(1))
        assert not pet.portrait

        paused().run()

        pet.refresh_from_db()
        assert pet.portrait


class Committing(ModerationTestMixin, TransactionTestCase):
    """With real commits."""

    def test_it_is_screened(self) -> None:
        assert Pet.objects.create(keeper=Keeper.objects.create(name="Ann"), portrait=_file(1)).portrait

    def test_it_is_screened_once_more(self) -> None:
        assert not Upload.objects.exists()
        self.test_it_is_screened()


@pytest.mark.django_db
def test_the_fixture_screens_at_once(isolated_moderation: Path) -> None:
    pet = Pet.objects.create(keeper=Keeper.objects.create(name="Ann"), portrait=_file(1))

    assert isolated_moderation in Path(pet.portrait.path).parents


def test_no_file_is_left() -> None:
    with isolated() as folder:
        for alias in ("default", "moderation_quarantine"):
            storage = storages[alias]
            assert isinstance(storage, FileSystemStorage)
            storage.save("x.jpg", _file(1))
        assert len([path for path in folder.rglob("*") if path.is_file()]) == 2

    assert not folder.exists()
