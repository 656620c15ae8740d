"""A site that crops before it saves: the bytes that were sent are screened, not only what is left of them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django import forms
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict
from PIL import Image

from moderation import api
from moderation.fields import ModeratedImageFormField
from moderation.models import Blocklist, Upload
from tests import pictures
from tests.hostsite.models import Keeper, Pet

pytestmark = pytest.mark.django_db(transaction=True)

BANNED = pictures.encode(pictures.scene(1))


def _crop(data: bytes) -> bytes:
    """Return the small square that the site shows."""
    with Image.open(io.BytesIO(data)) as picture:
        return pictures.encode(picture.convert("RGB").crop((10, 10, 130, 130)))


class CropForm(forms.Form):
    """As the how-to has it: screened as it came, cropped, and only the crop is saved."""

    photo = ModeratedImageFormField(screen=True)

    def save(self, pet: Pet) -> None:
        pet.portrait = ContentFile(_crop(self.cleaned_data["photo"].read()), "crop.jpg")
        pet.save()


@pytest.fixture
def pet() -> Pet:
    return Pet.objects.create(keeper=Keeper.objects.create(name="Ann"))


def _form(data: bytes) -> CropForm:
    files: MultiValueDict[str, Any] = MultiValueDict({"photo": [SimpleUploadedFile("x.jpg", data)]})
    return CropForm({}, files)


def test_a_ban_of_the_whole_picture_is_an_error_of_the_form(pet: Pet) -> None:
    api.ban(BANNED)

    form = _form(BANNED)

    assert form.errors.as_data()["photo"][0].code == "banned"
    assert form.errors["photo"] == ["This picture is not allowed here."]
    assert not Upload.objects.exists()


def test_a_ban_of_the_crop_is_found_in_what_is_saved(pet: Pet) -> None:
    api.ban(_crop(BANNED))
    form = _form(BANNED)

    if form.is_valid():
        form.save(pet)

    assert not Pet.objects.get().portrait


def test_an_innocent_picture_is_cropped_and_published(pet: Pet) -> None:
    api.ban(BANNED)
    form = _form(pictures.encode(pictures.scene(2)))
    assert form.is_valid(), form.errors

    form.save(pet)

    saved = Pet.objects.get()
    assert (saved.portrait_width, saved.portrait_height) == (120, 120)


def test_a_near_copy_is_no_error(pet: Pet) -> None:
    Blocklist.objects.filter(slug="default").update(action="hold")
    api.ban(BANNED)

    assert _form(BANNED).is_valid()


def test_what_is_no_picture_is_said_before_it_is_screened() -> None:
    assert _form(b"MZ").errors.as_data()["photo"][0].code == "not_an_image"


def test_the_attempts_of_an_owner_count(pet: Pet, settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "UPLOADS_PER_MINUTE": 1}
    forms_of_one = [_form(BANNED) for _ in range(2)]
    for form in forms_of_one:
        form.fields["photo"].owner = pet.keeper  # type: ignore[attr-defined]  # of our field

    assert forms_of_one[0].is_valid()
    assert forms_of_one[1].errors.as_data()["photo"][0].code == "too_many_uploads"
