"""Django REST framework: a refusal is an answer, never a 500."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import path
from rest_framework import generics, serializers
from rest_framework.test import APIClient

from moderation import api, rest
from moderation.models import Refusal, Upload, UploadAllowance
from tests import pictures
from tests.hostsite.models import Keeper, Pet

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]

PICTURE = pictures.encode(pictures.scene(1))


class PlainSerializer(serializers.ModelSerializer):  # type: ignore[misc]  # DRF has no types
    """As a host wrote it before it had our field."""

    class Meta:
        model = Pet
        fields: ClassVar[list[str]] = ["id", "keeper", "portrait"]


class PetSerializer(PlainSerializer):
    """With the field for it."""

    portrait = rest.ModeratedImageField()


class Plain(generics.CreateAPIView):  # type: ignore[misc]  # DRF has no types
    """POST."""

    queryset = Pet.objects.all()
    serializer_class = PlainSerializer


class Pets(generics.CreateAPIView):  # type: ignore[misc]  # DRF has no types
    """POST."""

    queryset = Pet.objects.all()
    serializer_class = PetSerializer

    def get_exception_handler(self) -> Any:
        return rest.exception_handler


class OnePet(generics.RetrieveUpdateAPIView):  # type: ignore[misc]  # DRF has no types
    """GET, PATCH."""

    queryset = Pet.objects.all()
    serializer_class = PetSerializer


urlpatterns = [
    path("plain/", Plain.as_view()),
    path("pets/", Pets.as_view()),
    path("pets/<int:pk>/", OnePet.as_view()),
]


@pytest.fixture
def keeper() -> Keeper:
    return Keeper.objects.create(name="Ann")


@pytest.fixture
def one_a_minute(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "UPLOADS_PER_MINUTE": 1}


def _post(address: str, keeper: Keeper, data: bytes, name: str = "x.jpg") -> Any:
    return APIClient().post(address, {"keeper": keeper.pk, "portrait": SimpleUploadedFile(name, data)})


@pytest.mark.parametrize("address", ["/plain/", "/pets/"])
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"no picture", "not_an_image"),
        (PICTURE[:60], "undecodable"),
        (b"II*\0" + bytes(64), "format_not_allowed"),
    ],
)
def test_what_is_no_picture_is_a_400(address: str, data: bytes, code: str, keeper: Keeper) -> None:
    answer = _post(address, keeper, data)

    assert answer.status_code == 400
    assert answer.data["portrait"][0].code == code
    assert [refusal.reason for refusal in Refusal.objects.all()] == [code]
    assert not Pet.objects.exists()


def test_an_answer_has_status_and_reference(keeper: Keeper) -> None:
    answer = _post("/pets/", keeper, PICTURE)

    upload = Upload.objects.get()
    assert answer.status_code == 201
    assert answer.data["portrait"]["url"].endswith(upload.published)
    assert answer.data["portrait"]["status"] == "approved"
    assert answer.data["portrait"]["reference"] == upload.reference


def test_a_banned_picture_is_an_answer_without_an_address(keeper: Keeper) -> None:
    api.ban(PICTURE)

    answer = _post("/pets/", keeper, PICTURE)

    shown = answer.data["portrait"]
    assert (answer.status_code, shown["url"], shown["status"]) == (201, None, "rejected")
    assert set(shown) == {"url", "status", "reference", "message"}


def test_only_the_uploader_reads_how_it_stands(keeper: Keeper) -> None:
    made = _post("/pets/", keeper, PICTURE).data["id"]

    answer = APIClient().get(f"/pets/{made}/")

    assert set(answer.data["portrait"]) == {"url"}


@pytest.mark.usefixtures("one_a_minute")
def test_one_too_many_is_a_429_that_says_when(keeper: Keeper) -> None:
    made = _post("/pets/", keeper, PICTURE).data["id"]

    answer = APIClient().patch(
        f"/pets/{made}/", {"portrait": SimpleUploadedFile("y.jpg", PICTURE)}, format="multipart"
    )

    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert Upload.objects.count() == 1


@pytest.mark.usefixtures("one_a_minute")
def test_one_too_many_while_saving_is_a_429_and_no_row(keeper: Keeper) -> None:
    _post("/pets/", keeper, PICTURE)

    answer = _post("/pets/", keeper, PICTURE)

    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert Pet.objects.count() == 1


@pytest.mark.usefixtures("one_a_minute")
def test_one_too_many_without_our_field_is_a_400_and_no_row(keeper: Keeper) -> None:
    _post("/plain/", keeper, PICTURE)

    answer = _post("/plain/", keeper, PICTURE)

    assert answer.status_code == 400
    assert Pet.objects.count() == 1


@pytest.mark.usefixtures("one_a_minute")
def test_an_attempt_of_the_user_counts_once(keeper: Keeper) -> None:
    client = APIClient()
    client.force_authenticate(User.objects.create_user("ann"))

    client.post("/pets/", {"keeper": keeper.pk, "portrait": SimpleUploadedFile("x.jpg", PICTURE)})

    assert {row.owner_type: row.taken for row in UploadAllowance.objects.all()} == {
        "auth.user": 1,
        "hostsite.keeper": 1,
    }


def test_an_index_that_cannot_be_read_is_a_503(keeper: Keeper, settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "SANDBOX_SECONDS": 0.000001}

    answer = _post("/pets/", keeper, PICTURE)

    assert answer.status_code == 503
