"""What a host did with an ImageField it does with ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.core.files.base import ContentFile, File
from django.core.files.images import ImageFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.utils.datastructures import MultiValueDict

from moderation import api
from moderation.fields import ModeratedImageField
from moderation.models import Blocklist, PersonalData, Upload
from tests import pictures
from tests.hostsite.models import Badge, Keeper, Pet

pytestmark = pytest.mark.django_db(transaction=True)


def _file(seed: int, name: str = "mine.jpg") -> ContentFile[bytes]:
    return ContentFile(pictures.encode(pictures.scene(seed)), name)


@pytest.fixture
def pet() -> Pet:
    return Pet.objects.create(keeper=Keeper.objects.create(name="Ann"))


@pytest.fixture
def on_disk(tmp_path: Path) -> Path:
    path = tmp_path / "server-only.jpg"
    path.write_bytes(pictures.encode(pictures.scene(1)))
    return path


def _file_names() -> list[str]:
    return [row.file_name for row in PersonalData.objects.exclude(file_name="")]


def test_an_open_file_is_taken_under_the_given_name(pet: Pet, on_disk: Path) -> None:
    with on_disk.open("rb") as file:
        pet.portrait.save("rex.jpg", file)  # type: ignore[arg-type]  # Django takes it as well

    assert str(Pet.objects.get().portrait.name).startswith("keepers/")
    assert _file_names() == ["rex.jpg"]


@pytest.mark.parametrize("wrap", [File, ImageFile])
def test_a_path_of_the_server_is_written_nowhere(pet: Pet, on_disk: Path, wrap: Any) -> None:
    with on_disk.open("rb") as file:
        pet.portrait.save(str(on_disk), wrap(file))

    assert Pet.objects.get().portrait
    assert _file_names() == ["server-only.jpg"]


def test_what_was_handed_in_keeps_its_name(pet: Pet) -> None:
    file = _file(1)

    pet.portrait.save("rex.jpg", file)

    assert file.name == "mine.jpg"


def test_width_and_height_of_a_published_picture(pet: Pet) -> None:
    pet.banner = _file(1)
    pet.save()

    banner: Any = Pet.objects.get().banner
    assert isinstance(banner, ImageFile)
    assert (banner.width, banner.height) == (420, 320)


def test_width_and_height_of_a_picture_that_was_there_before(pet: Pet) -> None:
    name = default_storage.save("banners/old.jpg", _file(1))
    Pet.objects.update(banner=name)

    banner: Any = Pet.objects.get().banner

    assert (banner.width, banner.height) == (420, 320)


def test_width_and_height_of_a_file_that_is_not_saved_yet() -> None:
    picture, none = Pet(portrait=_file(1)), Pet(portrait=ContentFile(b"MZ", "x.jpg"))

    widths: list[Any] = [getattr(pet.portrait, "width", "no width") for pet in (picture, none)]

    assert widths == [420, None]


def test_a_picture_that_is_not_there_has_no_width(pet: Pet) -> None:
    portrait: Any = pet.portrait

    with pytest.raises(ValueError, match="no file associated"):
        _ = portrait.width


def test_upload_to_is_asked_with_a_name_of_our_own(pet: Pet) -> None:
    pet.portrait.save("../../etc/passwd", _file(1))

    assert str(pet.portrait.name).startswith(f"keepers/{pet.keeper_id}/")
    assert "passwd" not in str(pet.portrait.name)


@pytest.mark.parametrize(
    "how",
    [
        lambda pet: Pet.objects.bulk_update([pet], ["banner"]),
        lambda pet: Pet.objects.update(banner=pet.banner),
    ],
    ids=["bulk_update", "update"],
)
def test_a_senders_file_name_is_never_written(pet: Pet, how: Any) -> None:
    pet.banner = _file(1, "banners/of-somebody-else.jpg")

    with pytest.raises(ValueError, match="when its row is saved"):
        how(pet)

    assert not Pet.objects.get().banner


def test_bulk_update_of_other_columns_is_as_ever(pet: Pet) -> None:
    pet.banner = _file(1)
    pet.save()
    pet.name = "Fido"

    Pet.objects.bulk_update([pet], ["name", "banner"])

    assert Pet.objects.get().banner.name == pet.banner.name


def _clone(pet: Pet) -> Pet:
    clone = Pet.objects.get(pk=pet.pk)
    clone.pk = None
    clone._state.adding = True
    return clone


def test_a_clone_has_a_picture_of_its_own(pet: Pet) -> None:
    pet.portrait = _file(1)
    pet.save()
    clone = _clone(pet)
    clone.save()

    assert clone.portrait.name not in ("", pet.portrait.name)
    pet.delete()
    assert default_storage.exists(str(Pet.objects.get().portrait.name))


def test_a_ban_reaches_the_clone(pet: Pet) -> None:
    pet.portrait = _file(1)
    pet.save()
    _clone(pet).save()

    api.ban(pictures.encode(pictures.scene(1)))

    assert [row.portrait.name for row in Pet.objects.all()] == ["", ""]


def test_a_clone_of_a_picture_that_was_taken_down_is_empty(pet: Pet) -> None:
    pet.portrait = _file(1)
    pet.save()
    clone = _clone(pet)
    api.ban(pictures.encode(pictures.scene(1)))

    clone.save()

    assert Pet.objects.get(pk=clone.pk).portrait.name == ""


@pytest.mark.parametrize("hand_over", [lambda file: file, lambda file: file.name])
def test_another_rows_picture_is_copied(pet: Pet, hand_over: Any) -> None:
    pet.portrait = _file(1)
    pet.save()
    other = Pet.objects.create(keeper=pet.keeper)

    other.portrait = hand_over(pet.portrait)
    other.save()

    assert other.portrait.name not in ("", pet.portrait.name)
    assert Upload.objects.filter(status="approved").count() == 2


def test_a_name_of_the_hosts_own_is_kept(pet: Pet) -> None:
    default_storage.save("defaults/cat.jpg", _file(1))

    made = Pet.objects.create(keeper=pet.keeper, portrait="defaults/cat.jpg")

    assert Pet.objects.get(pk=made.pk).portrait.name == "defaults/cat.jpg"
    assert not Upload.objects.exists()


class BadgeForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """With a picture that is required."""

    class Meta:
        model = Badge
        fields = ("keeper", "picture")


def _form(badge: Badge | None = None, seed: int | None = None) -> BadgeForm:
    sent = [SimpleUploadedFile("x.jpg", pictures.encode(pictures.scene(seed)))] if seed else []
    files: MultiValueDict[str, Any] = MultiValueDict({"picture": sent} if sent else {})
    return BadgeForm({}, files, instance=badge)


def test_a_required_picture_that_is_held_is_there() -> None:
    Blocklist.objects.filter(slug="default").update(action="hold")
    api.ban(pictures.encode(pictures.scene(3)))
    badge = _form(seed=3).save()
    assert Upload.objects.get().status == "held"

    form = _form(Badge.objects.get(pk=badge.pk))

    assert form.is_valid(), form.errors
    form.save()
    assert Upload.objects.get().withdrawn_at is None


def test_a_required_picture_that_was_rejected_is_missing() -> None:
    api.ban(pictures.encode(pictures.scene(3)))
    badge = _form(seed=3).save()

    assert "picture" in _form(badge).errors
    assert "picture" in _form().errors


def test_a_required_picture_that_is_published_is_there() -> None:
    badge = _form(seed=3).save()

    assert _form(Badge.objects.get(pk=badge.pk)).is_valid()


def test_the_length_of_the_column_is_djangos_or_the_hosts() -> None:
    assert ModeratedImageField().max_length == models.ImageField().max_length
    assert ModeratedImageField(max_length=70).max_length == 70


def test_a_published_name_fits_its_column(pet: Pet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pet._meta.get_field("portrait"), "max_length", 40)
    pet.portrait = _file(1)
    pet.save()

    assert 0 < len(str(Pet.objects.get().portrait.name)) <= 40
