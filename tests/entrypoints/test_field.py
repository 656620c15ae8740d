"""ModeratedImageField: a drop-in for ImageField whose files are public only once approved."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.core import serializers
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models, transaction
from django.utils.datastructures import MultiValueDict

from moderation import api, storage
from moderation.exceptions import NotAnImage
from moderation.models import PeriodicWork, Refusal, Upload
from moderation.services.desk import review
from moderation.services.operations import sweeping
from moderation.services.operations.sweeping import sweep
from tests import pictures
from tests.hostsite.models import Keeper, Pet
from tests.services.people import kept_files

pytestmark = pytest.mark.django_db(transaction=True)


def _file(seed: int, name: str = "mine.jpg") -> ContentFile[bytes]:
    return ContentFile(pictures.encode(pictures.scene(seed)), name)


@pytest.fixture
def pet() -> Pet:
    """Return a pet without pictures."""
    return Pet.objects.create(keeper=Keeper.objects.create(name="Ann"))


def test_an_innocent_picture_is_published_where_upload_to_says(pet: Pet) -> None:
    pet.portrait = _file(1)
    pet.save()

    assert pet.portrait.name.startswith(f"keepers/{pet.keeper_id}/")
    assert "mine" not in pet.portrait.name
    assert default_storage.exists(pet.portrait.name)
    assert pet.portrait.url.endswith(pet.portrait.name)
    assert (pet.portrait_width, pet.portrait_height) == (420, 320)


def test_it_works_when_the_row_is_created_with_its_picture() -> None:
    pet = Pet.objects.create(keeper=Keeper.objects.create(name="Ann"), portrait=_file(1))

    assert pet.portrait.name
    assert Pet.objects.get().portrait == pet.portrait
    upload = Upload.objects.get()
    assert (upload.owner_type, upload.target_field) == ("hostsite.keeper", "portrait")


def test_the_old_picture_stays_until_the_new_one_is_approved(
    pet: Pet, monkeypatch: pytest.MonkeyPatch
) -> None:
    pet.portrait = _file(1)
    pet.save()
    old = pet.portrait.name
    monkeypatch.setattr("moderation.dispatch.inline.InlineDispatcher.screen", lambda *_: None)

    pet.portrait = _file(2)
    pet.save()

    assert pet.portrait.name == old
    status = api.status_of(pet, "portrait")
    assert status is not None
    assert (status.status, status.url) == ("pending", None)


def test_a_banned_picture_never_gets_there(pet: Pet) -> None:
    api.ban(pictures.encode(pictures.scene(3)))

    pet.portrait = _file(3)
    pet.save()

    assert not pet.portrait
    assert pet.portrait_width is None


def test_two_columns_of_a_row_are_independent(pet: Pet) -> None:
    api.ban(pictures.encode(pictures.scene(3)))

    pet.portrait, pet.banner = _file(3), _file(4)
    pet.save()

    assert not pet.portrait
    assert pet.banner.name.startswith("banners/")


def test_saving_a_stale_instance_does_not_bring_a_name_back(pet: Pet) -> None:
    pet.portrait = _file(1)
    pet.save()
    stale = Pet.objects.get()
    api.ban(pictures.encode(pictures.scene(1)))

    stale.name = "Fido"
    stale.save()

    fresh = Pet.objects.get()
    assert (fresh.name, fresh.portrait.name) == ("Fido", "")


def test_saving_a_stale_empty_instance_does_not_clear(pet: Pet) -> None:
    stale = Pet.objects.get()
    pet.portrait = _file(1)
    pet.save()

    stale.save()

    assert Pet.objects.get().portrait.name == pet.portrait.name


@pytest.mark.parametrize("value", [None, ""])
def test_clearing_removes_the_file(pet: Pet, value: Any) -> None:
    pet.banner = _file(1)
    pet.save()
    name = pet.banner.name

    pet.banner = value
    pet.save()

    assert not Pet.objects.get().banner
    assert not default_storage.exists(name)
    assert Upload.objects.get().withdrawn_at is not None


def test_delete_on_the_file_clears(pet: Pet) -> None:
    pet.portrait = _file(1)
    pet.save()

    pet.portrait.delete()

    assert Pet.objects.get().portrait.name == ""
    assert Upload.objects.get().published == ""


def test_save_on_the_file_submits(pet: Pet) -> None:
    pet.portrait.save("x.jpg", _file(1))

    assert str(Pet.objects.get().portrait.name).startswith("keepers/")


def test_deleting_the_row_takes_its_picture_down(pet: Pet) -> None:
    pet.portrait = _file(1)
    pet.save()
    name = pet.portrait.name

    pet.delete()

    assert not default_storage.exists(name)


def test_update_fields_without_the_picture_leaves_it_waiting(pet: Pet) -> None:
    pet.portrait, pet.name = _file(1), "Fido"
    pet.save(update_fields=["name"])
    assert Upload.objects.count() == 0

    pet.save()

    assert Upload.objects.count() == 1


def test_code_that_assigns_no_picture_gets_an_error(pet: Pet) -> None:
    pet.portrait = ContentFile(b"MZ no picture", "x.jpg")

    with pytest.raises(NotAnImage):
        pet.save()

    assert Upload.objects.count() == 0
    with pytest.raises(NotAnImage):
        Pet.objects.create(keeper=pet.keeper, portrait=ContentFile(b"MZ", "x.jpg"))
    assert Pet.objects.count() == 1


class PetForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """As a host writes it."""

    class Meta:
        model = Pet
        fields = ("name", "portrait")


def _sent(file: SimpleUploadedFile) -> MultiValueDict[str, Any]:
    return MultiValueDict({"portrait": [file]})


def test_a_form_takes_a_picture(pet: Pet) -> None:
    file = SimpleUploadedFile("x.jpg", pictures.encode(pictures.scene(1)))
    form = PetForm({"name": "Fido"}, _sent(file), instance=pet)

    assert form.is_valid(), form.errors
    assert str(form.save().portrait.name).startswith("keepers/")


def test_a_form_without_a_file_changes_nothing(pet: Pet) -> None:
    pet.portrait = _file(1)
    pet.save()

    PetForm({"name": "Fido"}, instance=Pet.objects.get()).save()

    assert Pet.objects.get().portrait == pet.portrait


def test_the_clear_box_clears(pet: Pet) -> None:
    pet.portrait = _file(1)
    pet.save()

    PetForm({"name": "Fido", "portrait-clear": "on"}, instance=Pet.objects.get()).save()

    assert not Pet.objects.get().portrait


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"no picture", "not_an_image"), (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "format_not_allowed")],
)
def test_a_form_says_why_and_the_audit_has_it(pet: Pet, data: bytes, code: str) -> None:
    form = PetForm({"name": "Fido"}, _sent(SimpleUploadedFile("x.jpg", data)), instance=pet)

    assert not form.is_valid()
    assert form.errors.as_data()["portrait"][0].code == code
    assert Refusal.objects.get().reason == code


def test_fixtures_keep_the_published_name(pet: Pet) -> None:
    pet.portrait = _file(1)
    pet.save()
    dumped = serializers.serialize("json", [pet])

    for loaded in serializers.deserialize("json", dumped):
        loaded.save()

    assert Pet.objects.get().portrait.name == pet.portrait.name
    assert Upload.objects.count() == 1


def test_approval_by_a_moderator_reaches_the_column(pet: Pet) -> None:
    result = api.ban(pictures.encode(pictures.scene(3)))
    pet.portrait = _file(3)
    pet.save()
    assert result.created

    review.approve(upload_id=Upload.objects.get().pk, actor_id="1")

    assert str(Pet.objects.get().portrait.name).startswith("keepers/")


def test_a_migration_can_rebuild_the_field() -> None:
    field = Pet._meta.get_field("portrait")
    name, path, args, kwargs = field.deconstruct()

    again = type(field)(*args, **kwargs)

    assert (name, path) == ("portrait", "moderation.fields.ModeratedImageField")
    assert again.deconstruct()[3] == kwargs
    assert kwargs["owner"] == "keeper"
    assert isinstance(again, models.FileField)


def _roll_back(pet: Pet) -> None:
    with transaction.atomic():
        pet.save()
        assert Upload.objects.exists()
        transaction.set_rollback(True)
    assert not Upload.objects.exists()


def test_a_save_that_was_rolled_back_is_done_by_the_next(pet: Pet) -> None:
    pet.portrait = _file(1)
    _roll_back(pet)

    pet.save()
    pet.save()

    assert [upload.status for upload in Upload.objects.all()] == ["approved"]
    assert Pet.objects.get().portrait == pet.portrait
    assert default_storage.exists(pet.portrait.name)


def test_a_row_whose_creation_was_rolled_back_is_created_with_its_picture() -> None:
    pet = Pet(keeper=Keeper.objects.create(name="Ann"), portrait=_file(1))
    _roll_back(pet)

    pet.save()

    assert Pet.objects.get().portrait == pet.portrait
    assert Upload.objects.get().status == "approved"


def test_what_was_rolled_back_does_not_come_back_after_a_clearing(pet: Pet) -> None:
    pet.portrait = _file(1)
    _roll_back(pet)
    pet.portrait = None
    pet.save()

    pet.save()

    assert not Upload.objects.exists()


def test_saving_twice_in_one_transaction_submits_once(pet: Pet) -> None:
    with transaction.atomic():
        pet.portrait = _file(1)
        pet.save()
        pet.save()

    assert Upload.objects.count() == 1
    pet.save()
    assert Upload.objects.count() == 1


def test_the_sweep_deletes_the_file_of_a_save_that_was_rolled_back(pet: Pet) -> None:
    pet.portrait = _file(1)
    _roll_back(pet)
    (name,) = kept_files("moderation_quarantine")

    assert sweep().orphans_removed == 0
    assert kept_files("moderation_quarantine") == [name]

    PeriodicWork.objects.filter(name="orphans").delete()
    _make_older(name)
    assert sweep().orphans_removed == 1
    assert kept_files("moderation_quarantine") == []


def test_the_sweep_leaves_a_quarantine_alone_that_is_not_this_databases(
    pet: Pet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sweeping, "FEW_ORPHANS", 0)
    pet.portrait = _file(1)
    _roll_back(pet)
    (name,) = kept_files("moderation_quarantine")
    _make_older(name)

    assert sweep().orphans_removed == 0

    assert "is this their database" in caplog.text
    assert kept_files("moderation_quarantine") == [name]


def _make_older(name: str) -> None:
    path = Path(storage.quarantine().path(name))
    moment = path.stat().st_mtime - 2 * 3600
    os.utime(path, (moment, moment))
