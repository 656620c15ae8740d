"""What the how-to for hosts warns of is so."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.test import override_settings

from moderation import api
from moderation.exceptions import TooManyUploads
from moderation.models import Upload
from tests import pictures
from tests.hostsite.models import Keeper, Pet

pytestmark = pytest.mark.django_db(transaction=True)


def _file(seed: int) -> ContentFile[bytes]:
    return ContentFile(pictures.encode(pictures.scene(seed)), "mine.jpg")


def test_bulk_create_submits_nothing_and_publishes_nothing() -> None:
    keeper = Keeper.objects.create(name="Ann")

    Pet.objects.bulk_create([Pet(keeper=keeper, portrait=_file(1))])

    assert not Upload.objects.exists()
    assert not Pet.objects.get().portrait


@override_settings(MODERATION={"UPLOADS_PER_MINUTE": 1})
def test_saving_too_many_files_raises() -> None:
    pet = Pet.objects.create(keeper=Keeper.objects.create(name="Ann"), portrait=_file(1))
    pet.portrait = _file(2)

    with pytest.raises(TooManyUploads):
        pet.save()


def test_erasing_is_said_in_numbers() -> None:
    keeper = Keeper.objects.create(name="Ann")
    Pet.objects.create(keeper=keeper, portrait=_file(1))

    erased = api.erase_data(keeper)

    assert (erased.uploads, erased.kept) == (1, 0)
    assert not Pet.objects.get().portrait
