"""A site with a plain ImageField and pictures in it, taken to a protected one as the how-to says."""

from __future__ import annotations

import json

import pytest

from tests import pictures
from tests.docs.blocks import blocks
from tests.docs.conftest import Reader

pytestmark = pytest.mark.slow

PICTURES = 20
BEFORE = """
from django.db import models

class Profile(models.Model):
    avatar = models.ImageField(upload_to="avatars/", blank=True)
"""
AFTER = """
from django.db import models
from moderation.fields import ModeratedImageField

class Profile(models.Model):
    avatar = ModeratedImageField(upload_to="avatars/", blank=True)
"""
URLS = """
from django.urls import include
urlpatterns += [path("moderation/", include("moderation.urls"))]
"""
FILL = """
from pathlib import Path
from django.core.files.base import ContentFile
from profiles.models import Profile
for path in sorted(Path("old").iterdir()):
    Profile.objects.create(avatar=ContentFile(path.read_bytes(), path.name))
"""
COUNT = """
from pathlib import Path
from profiles.models import Profile
OLD = {f"avatars/{path.name}" for path in Path("old").iterdir()}
names = Profile.objects.order_by("pk").values_list("avatar", flat=True)
print(sum(bool(name) for name in names), sum(name in OLD for name in names))
"""


def test_it_is_protected_afterwards(reader: Reader) -> None:
    banned = pictures.scene(5_000)
    (reader.folder / "old").mkdir()
    for number in range(PICTURES):
        (reader.folder / "old" / f"0{number:04}.jpg").write_bytes(pictures.encode(pictures.scene(number)))
    (reader.folder / "old" / "0copy.jpg").write_bytes(pictures.edited_copies(banned)["mirrored"])
    (reader.folder / "banned.jpg").write_bytes(pictures.encode(banned))
    (reader.folder / "defaults").mkdir()
    (reader.folder / "defaults" / "nobody.png").write_bytes(pictures.encode(pictures.flat(), "PNG"))
    reader.run("django-admin startproject mysite . && python manage.py startapp profiles")
    settings = blocks("docs/tutorial.md")[1].text
    reader.write(
        "mysite/settings.py, at the end", 'MEDIA_ROOT = BASE_DIR / "media"\nINSTALLED_APPS += ["profiles"]\n'
    )
    reader.write("profiles/models.py", BEFORE)
    reader.run("python manage.py makemigrations profiles && python manage.py migrate")
    reader.write("fill.py", FILL)
    reader.run("python manage.py shell < fill.py")

    reader.write("mysite/settings.py, at the end", settings.replace('"pets"', ""))
    reader.write("mysite/urls.py, at the end", URLS)
    reader.write("profiles/models.py", AFTER)
    reader.run("python manage.py makemigrations profiles && python manage.py migrate")
    reader.run("python manage.py check --fail-level WARNING --database default")
    reader.run("python manage.py allow defaults/ && python manage.py ban banned.jpg")
    answer = json.loads(
        reader.run("python manage.py backfill profiles.Profile.avatar --json").splitlines()[0]
    )

    assert (answer["examined"], answer["approved"], answer["rejected"]) == (PICTURES + 1, PICTURES, 1)
    reader.write("count.py", COUNT)
    assert reader.run("python manage.py shell < count.py").split()[-2:] == [str(PICTURES), "0"]
