"""No refusal escapes as a 500, whichever way a picture comes: forms, inlines, plain views, async code."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils.datastructures import MultiValueDict

from moderation import api
from moderation.exceptions import NotAnImage, TooManyUploads
from moderation.models import Refusal, Upload, UploadAllowance
from tests import pictures
from tests.hostsite.models import Badge, Keeper, Pet
from tests.services.concurrency import Elsewhere
from tests.services.people import member

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]

PICTURE = pictures.encode(pictures.scene(1))

site = admin.AdminSite("hosts")


class PetInline(admin.TabularInline):  # type: ignore[type-arg]  # not subscriptable at run time
    """As many as a page has."""

    model = Pet
    fields = ("name", "portrait")
    extra = 25


class KeeperAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """A keeper with all pets."""

    inlines = (PetInline,)


class PetForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """As a host writes it."""

    class Meta:
        model = Pet
        fields = ("name", "portrait")


def save(request: HttpRequest, pk: int) -> HttpResponse:
    """Save what was sent, with no form at all."""
    pet = Pet.objects.get(pk=pk)
    pet.portrait = request.FILES["portrait"]
    pet.save()
    return HttpResponse("saved")


site.register(Keeper, KeeperAdmin)
urlpatterns = [path("admin/", site.urls), path("save/<int:pk>/", save)]


@pytest.fixture
def keeper() -> Keeper:
    return Keeper.objects.create(name="Ann")


@pytest.fixture
def set_limits(settings: Any) -> Any:
    def choose(**values: Any) -> None:
        settings.MODERATION = {
            **settings.MODERATION,
            **{name.upper(): value for name, value in values.items()},
        }

    return choose


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def _sent(data: bytes = PICTURE) -> SimpleUploadedFile:
    return SimpleUploadedFile("x.jpg", data)


def _files() -> MultiValueDict[str, Any]:
    return MultiValueDict({"portrait": [_sent()]})


def _inlines(files: list[bytes]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": "Ann",
        "pet_set-TOTAL_FORMS": len(files),
        "pet_set-INITIAL_FORMS": 0,
    }
    for number, data in enumerate(files):
        fields[f"pet_set-{number}-name"] = f"Pet {number}"
        fields[f"pet_set-{number}-portrait"] = _sent(data)
    return fields


def test_25_photographs_in_inlines_are_taken(desk: Client, keeper: Keeper, set_limits: Any) -> None:
    set_limits(pending_at_once=10, uploads_per_minute=0)

    answer = desk.post(f"/admin/hostsite/keeper/{keeper.pk}/change/", _inlines([PICTURE] * 25))

    assert answer.status_code == 302
    assert Pet.objects.exclude(portrait="").count() == 25


def test_more_than_a_minutes_share_in_inlines_is_an_error_and_nothing_is_saved(
    desk: Client, keeper: Keeper, set_limits: Any
) -> None:
    set_limits(uploads_per_minute=20)

    answer = desk.post(f"/admin/hostsite/keeper/{keeper.pk}/change/", _inlines([PICTURE] * 25))

    assert answer.status_code == 200
    assert answer.content.decode().count("You have sent many pictures in a short time") == 5
    assert not Pet.objects.exists()
    assert not Upload.objects.exists()


def test_one_bad_file_in_inlines_is_an_error_and_nothing_is_saved(desk: Client, keeper: Keeper) -> None:
    answer = desk.post(f"/admin/hostsite/keeper/{keeper.pk}/change/", _inlines([PICTURE, b"MZ"]))

    assert answer.status_code == 200
    assert "The file is not a picture" in answer.content.decode()
    assert not Pet.objects.exists()


@pytest.mark.parametrize("data", [b"", b"no picture", PICTURE[:60]])
def test_a_view_without_a_form_answers_400(keeper: Keeper, data: bytes) -> None:
    pet = Pet.objects.create(keeper=keeper)

    answer = Client().post(f"/save/{pet.pk}/", {"portrait": _sent(data)})

    assert answer.status_code == 400
    assert not Upload.objects.exists()


def test_a_view_without_a_form_answers_400_to_one_too_many(keeper: Keeper, set_limits: Any) -> None:
    set_limits(uploads_per_minute=1)
    pet = Pet.objects.create(keeper=keeper)

    answers = [Client().post(f"/save/{pet.pk}/", {"portrait": _sent()}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 400]


def test_what_is_raised_is_the_refusal_and_a_bad_request(keeper: Keeper) -> None:
    pet = Pet(keeper=keeper, portrait=ContentFile(b"MZ", "x.jpg"))

    with pytest.raises(NotAnImage) as caught:
        pet.save()

    assert isinstance(caught.value, BadRequest)
    assert caught.value.code == "not_an_image"


def test_a_form_counts_an_attempt_once_and_says_when_it_is_one_too_many(
    keeper: Keeper, set_limits: Any
) -> None:
    set_limits(uploads_per_minute=2)
    pet = Pet.objects.create(keeper=keeper)
    for _ in range(2):
        PetForm({"name": "Rex"}, _files(), instance=pet).save()
    assert UploadAllowance.objects.get().taken == 2

    form = PetForm({"name": "Rex"}, _files(), instance=pet)

    assert form.errors.as_data()["portrait"][0].code == "too_many_uploads"


def test_a_form_says_that_too_many_wait(
    keeper: Keeper, set_limits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_limits(pending_at_once=1)
    monkeypatch.setattr("moderation.dispatch.inline.InlineDispatcher.screen", lambda *_: None)
    pet = Pet.objects.create(keeper=keeper, portrait=_sent())

    form = PetForm({"name": "Rex"}, _files(), instance=pet)

    assert form.errors.as_data()["portrait"][0].code == "too_many_uploads"


def test_full_clean_says_what_is_no_picture(keeper: Keeper) -> None:
    with pytest.raises(ValidationError) as caught:
        Pet(keeper=keeper, portrait=ContentFile(b"MZ", "x.jpg")).full_clean()

    assert caught.value.error_dict["portrait"][0].code == "not_an_image"
    assert Refusal.objects.count() == 1


def test_full_clean_of_a_saved_row_looks_at_no_file(keeper: Keeper, set_limits: Any) -> None:
    set_limits(uploads_per_minute=1)
    pet = Pet.objects.create(keeper=keeper, portrait=_sent())

    pet.full_clean()

    assert UploadAllowance.objects.get().taken == 1


def test_asave_submits_and_refuses(keeper: Keeper) -> None:
    @async_to_sync
    async def run() -> list[str]:
        pet = Pet(keeper=keeper, portrait=ContentFile(PICTURE, "x.jpg"))
        await pet.asave()
        try:
            await Pet(keeper=keeper, portrait=ContentFile(b"MZ", "x.jpg")).asave()
        except NotAnImage as refusal:
            return [str(pet.portrait.name), refusal.code]
        return []

    # In a thread of its own: a browser test before this one may have left an event loop in ours.
    name, code = Elsewhere(run).result()
    assert name.startswith("keepers/")
    assert code == "not_an_image"


def test_without_an_owner_the_row_is_the_owner(set_limits: Any) -> None:
    set_limits(uploads_per_minute=1)
    badge = Badge(picture=_sent())
    badge.full_clean()
    badge.save()

    upload = Upload.objects.get()
    assert (upload.owner_type, upload.owner_id, upload.status) == (
        "hostsite.badge",
        str(badge.pk),
        "approved",
    )
    badge.picture = _sent()
    with pytest.raises(TooManyUploads):
        badge.save()


def test_an_owner_that_is_set_after_the_form_is_the_owner(keeper: Keeper) -> None:
    form = PetForm({"name": "Rex"}, _files())
    assert form.is_valid(), form.errors
    form.instance.keeper = keeper
    form.save()

    assert Upload.objects.get().owner_id == str(keeper.pk)


def test_staff_have_no_limits_where_the_site_says_so(set_limits: Any) -> None:
    set_limits(uploads_per_minute=1, pending_at_once=1, staff_exempt=True)
    ada, root = member("ada"), member("root")
    root.user.is_staff = True

    def send(who: Any) -> None:
        api.submit_upload(ContentFile(PICTURE, "x.jpg"), owner=who.user, target=(who, "avatar"))

    with transaction.atomic():
        for _ in range(3):
            send(root)
    send(ada)
    with pytest.raises(TooManyUploads):
        send(ada)


def test_uploads_of_one_transaction_count_once_among_those_that_wait(set_limits: Any) -> None:
    set_limits(pending_at_once=2)
    ada = member()

    def send() -> None:
        api.submit_upload(ContentFile(PICTURE, "x.jpg"), owner=ada.user, target=(ada, "avatar"))

    with transaction.atomic():
        for _ in range(4):
            send()
        transaction.set_rollback(True)
    set_limits(dispatcher="moderation.testing.PausedDispatcher")
    with transaction.atomic():
        for _ in range(4):
            send()

    with pytest.raises(TooManyUploads):
        send()
    assert Upload.objects.count() == 4
