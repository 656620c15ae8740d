"""Take-downs reach what thumbnail libraries have made, and whatever else a host has made from a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.db.models.signals import post_save
from django.dispatch import Signal
from django.utils import timezone
from easy_thumbnails.files import get_thumbnailer

from moderation import api, signals
from moderation.models import FileRemoval
from moderation.services import files
from moderation.thumbnails import remove_easy_thumbnails, remove_imagekit_files
from tests import pictures
from tests.hostsite.models import Keeper, Pet
from tests.services.people import kept_files

pytestmark = pytest.mark.django_db(transaction=True)

PICTURE = pictures.encode(pictures.scene(1))


@pytest.fixture
def pet() -> Pet:
    """Return a pet with a published picture."""
    return Pet.objects.create(keeper=Keeper.objects.create(name="Ann"), banner=ContentFile(PICTURE, "x.jpg"))


@contextmanager
def _heard(signal: Signal, handler: Callable[..., object]) -> Iterator[None]:
    signal.connect(handler, weak=False)
    try:
        yield
    finally:
        signal.disconnect(handler)


def _easy_thumbnail(pet: Pet) -> str:
    return str(get_thumbnailer(pet.banner).get_thumbnail({"size": (50, 50)}).name)


def _imagekit_file(pet: Pet) -> str:
    file: Any = pet.small_banner
    file.generate()
    return str(file.name)


WAYS: dict[str, Callable[[Pet], object]] = {
    "banned": lambda _pet: api.ban(PICTURE),
    "withdrawn": lambda pet: api.withdraw(pet, "banner"),
    "row deleted": lambda pet: pet.delete(),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("make", "remove"),
    [(_easy_thumbnail, remove_easy_thumbnails), (_imagekit_file, remove_imagekit_files)],
    ids=["easy-thumbnails", "imagekit"],
)
def test_a_thumbnail_goes_with_its_picture(
    pet: Pet, way: str, make: Callable[[Pet], str], remove: Callable[..., None]
) -> None:
    thumbnail = make(pet)
    assert default_storage.exists(thumbnail)

    with _heard(signals.file_removed, remove):
        WAYS[way](pet)

    assert not default_storage.exists(thumbnail)
    assert kept_files("default") == []


def test_thumbnails_of_another_picture_stay(pet: Pet) -> None:
    data = pictures.encode(pictures.scene(2))
    other = Pet.objects.create(keeper=pet.keeper, banner=ContentFile(data, "y.jpg"))
    thumbnails = [_easy_thumbnail(other), _imagekit_file(other)]

    with (
        _heard(signals.file_removed, remove_easy_thumbnails),
        _heard(signals.file_removed, remove_imagekit_files),
    ):
        api.ban(PICTURE)

    assert all(default_storage.exists(name) for name in thumbnails)


def test_a_handler_is_told_which_file_of_which_column(pet: Pet) -> None:
    name, heard = pet.banner.name, []

    with _heard(signals.file_removed, lambda **told: heard.append(told)):
        api.ban(PICTURE)

    (told,) = heard
    assert (told["model"], told["field"], told["name"]) == (Pet, "banner", name)
    assert not told["storage"].exists(name)


@pytest.mark.parametrize("error", [OSError("the CDN is away"), DatabaseError("no such table")])
def test_what_a_handler_could_not_do_is_done_later(pet: Pet, error: Exception) -> None:
    def fail(**_told: Any) -> None:
        if isinstance(error, DatabaseError):
            connection.cursor().execute("SELECT * FROM nothing_of_that_name")
        raise error

    with _heard(signals.file_removed, fail):
        api.ban(PICTURE)
    note = FileRemoval.objects.get()
    assert note.attempts == 1
    assert not Pet.objects.get().banner

    heard: list[str] = []
    FileRemoval.objects.update(not_before=timezone.now())
    with _heard(signals.file_removed, lambda name, **_told: heard.append(name)):
        files.remove_due()

    assert heard == [note.name]
    assert not FileRemoval.objects.exists()


def test_signals_say_the_names_before_and_after(pet: Pet) -> None:
    name, heard = pet.banner.name, []

    with _heard(signals.upload_taken_down, lambda **told: heard.append(told)):
        api.ban(PICTURE)

    assert [(told["old_name"], told["new_name"]) for told in heard] == [(name, "")]


def test_approval_and_take_down_send_post_save_where_the_field_says_so(pet: Pet) -> None:
    heard: list[Any] = []

    def hear(instance: Any, update_fields: Any, **_told: Any) -> None:
        if isinstance(instance, Pet):
            heard.append((instance.pk, bool(instance.banner), update_fields and set(update_fields)))

    with _heard(post_save, hear):
        api.ban(PICTURE)

    assert (pet.pk, False, {"banner"}) in heard


def test_otherwise_no_post_save_is_sent() -> None:
    pet = Pet.objects.create(keeper=Keeper.objects.create(name="Ann"), portrait=ContentFile(PICTURE, "x.jpg"))
    heard: list[Any] = []

    with _heard(post_save, lambda sender, **_told: heard.append(sender)):
        api.ban(PICTURE)

    assert not Pet.objects.get(pk=pet.pk).portrait
    assert Pet not in heard
