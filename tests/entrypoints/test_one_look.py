"""How often the bytes of one upload cross the wall of the sandbox: once for the header, once to be decoded."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms import modelform_factory
from django.utils.datastructures import MultiValueDict

from moderation import api
from moderation.domain.sandbox.child import Child
from moderation.exceptions import FileTooLarge, ImageRefused
from moderation.models import Refusal, Upload
from tests import pictures
from tests.entrypoints.visitors import member, send
from tests.hostsite.models import Keeper, Pet

pytestmark = pytest.mark.django_db(transaction=True)

JPEG = pictures.encode(pictures.scene(81))
OTHER = pictures.encode(pictures.scene(82))


@pytest.fixture
def crossings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the jobs that decoder processes are asked to do from now on; they do them."""
    asked: list[str] = []
    ask = Child.ask

    def note(self: Child, job: Any, arguments: Any) -> Any:
        asked.append(job.name)
        return ask(self, job, arguments)

    monkeypatch.setattr(Child, "ask", note)
    return asked


def test_a_form_upload_crosses_the_wall_twice(crossings: list[str]) -> None:
    profile = member("ada")

    send(profile, JPEG)

    assert Upload.objects.get().status == "approved"
    assert crossings == ["probe", "analyse"]


def test_a_save_and_a_submission_cross_it_twice(crossings: list[str]) -> None:
    pet = Pet(keeper=Keeper.objects.create(name="Ann"))
    pet.portrait = ContentFile(JPEG, "mine.jpg")

    pet.save()

    assert Upload.objects.get().status == "approved"
    assert crossings == ["probe", "analyse"]


def test_a_refused_file_crosses_it_each_time_that_it_is_sent(crossings: list[str]) -> None:
    file = ContentFile(b"no picture", "mine.jpg")

    for _ in range(2):
        with pytest.raises(ImageRefused):
            api.check_at_door(file)

    assert crossings == ["probe", "probe"]
    assert Refusal.objects.count() == 2


def test_a_file_whose_bytes_changed_is_looked_at_again(crossings: list[str]) -> None:
    pet = Pet.objects.create(keeper=Keeper.objects.create(name="Ann"))
    file = ContentFile(JPEG, "mine.jpg")
    api.check_at_door(file)
    file.seek(0)
    file.truncate()
    file.write(OTHER)

    api.submit_upload(file, owner=pet.keeper, target=(pet, "portrait"))

    assert crossings == ["probe", "probe", "analyse"]


def test_bytes_that_became_no_picture_are_refused_though_the_file_passed(crossings: list[str]) -> None:
    pet = Pet.objects.create(keeper=Keeper.objects.create(name="Ann"))
    file = ContentFile(JPEG, "mine.jpg")
    api.check_at_door(file)
    file.seek(0)
    file.truncate()
    file.write(b"no picture")

    with pytest.raises(ImageRefused):
        api.submit_upload(file, owner=pet.keeper, target=(pet, "portrait"))

    assert not Upload.objects.exists()


def test_a_stricter_limit_counts_for_a_file_that_passed_before(settings: Any) -> None:
    pet = Pet.objects.create(keeper=Keeper.objects.create(name="Ann"))
    file = ContentFile(JPEG, "mine.jpg")
    api.check_at_door(file)
    settings.MODERATION = {**settings.MODERATION, "MAX_BYTES": 100}

    with pytest.raises(FileTooLarge):
        api.submit_upload(file, owner=pet.keeper, target=(pet, "portrait"))


def test_a_model_form_of_a_host_crosses_it_twice(crossings: list[str]) -> None:
    pet = Pet.objects.create(keeper=Keeper.objects.create(name="Ann"))
    bound = modelform_factory(Pet, fields=["portrait"])(
        {}, MultiValueDict({"portrait": [SimpleUploadedFile("mine.jpg", JPEG)]}), instance=pet
    )

    assert bound.is_valid(), bound.errors
    bound.save()

    assert crossings == ["probe", "analyse"]
