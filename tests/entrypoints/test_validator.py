"""NotBanned: a synchronous answer for a form or a Django REST framework serializer."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework import serializers

from moderation import api
from moderation.exceptions import IndexUnavailable
from moderation.models import Screening, Upload
from moderation.services.search.index import banned_codes
from moderation.validators import NotBanned
from tests import pictures

pytestmark = pytest.mark.django_db(transaction=True)

BANNED = pictures.scene(6)


def _file(data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("x.jpg", data)


def test_an_innocent_picture_passes_and_nothing_is_stored() -> None:
    file = _file(pictures.encode(pictures.scene(1)))

    NotBanned()(file)

    assert file.tell() == 0
    assert (Upload.objects.count(), Screening.objects.count()) == (0, 0)


def test_an_edited_copy_is_refused_in_the_words_of_the_list() -> None:
    api.ban(pictures.encode(BANNED))

    with pytest.raises(ValidationError) as caught:
        NotBanned()(_file(pictures.edited_copies(BANNED)["mirrored"]))

    assert (caught.value.code, caught.value.messages) == ("banned", ["This picture is not allowed here."])


def test_what_is_no_picture_is_refused_with_its_code() -> None:
    with pytest.raises(ValidationError) as caught:
        NotBanned()(_file(b"no picture"))

    assert caught.value.code == "not_an_image"


def test_what_cannot_be_screened_now_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise IndexUnavailable

    monkeypatch.setattr(banned_codes, "catch_up", fail)

    with pytest.raises(ValidationError) as caught:
        NotBanned()(_file(pictures.encode(pictures.scene(1))))

    assert caught.value.code == "unavailable"


class AvatarSerializer(serializers.Serializer):  # type: ignore[misc]  # the framework has no types
    """As a host writes it: FileField, since ImageField would open the bytes in this process."""

    avatar = serializers.FileField(validators=[NotBanned()])


@pytest.mark.parametrize(("seed", "valid"), [(6, False), (1, True)])
def test_in_a_serializer(seed: int, valid: bool) -> None:
    api.ban(pictures.encode(BANNED))

    serializer = AvatarSerializer(data={"avatar": _file(pictures.encode(pictures.scene(seed)))})

    assert serializer.is_valid() is valid
    if not valid:
        assert serializer.errors["avatar"][0].code == "banned"


def test_validators_compare_and_rebuild() -> None:
    path, args, kwargs = NotBanned(allow_near_copies=False).deconstruct()  # type: ignore[attr-defined]

    assert path == "moderation.validators.NotBanned"
    assert NotBanned(*args, **kwargs) == NotBanned(allow_near_copies=False) != NotBanned()
