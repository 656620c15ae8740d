"""What the README shows of a host's settings, addresses and model protects a project as it stands there."""

from __future__ import annotations

import re

import pytest

from tests.docs.blocks import blocks
from tests.docs.conftest import Reader

pytestmark = pytest.mark.slow

SETTINGS = """
from pathlib import Path
SECRET_KEY = "only for a test, and long enough to pass for a key of a site"
INSTALLED_APPS = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
    "django.contrib.messages", "django.contrib.sessions", "people"]
STORAGES = {"default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
ROOT_URLCONF = "urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3", "OPTIONS": {
    "transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL;"}}}
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
    "context_processors": ["django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages"]}}]
MEDIA_ROOT, MEDIA_URL, STATIC_URL = Path("media").absolute(), "/media/", "/static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""
URLS = """
from django.contrib import admin
from django.urls import include, path
urlpatterns = [path("admin/", admin.site.urls)]
"""
MODELS = """
from django.conf import settings
from django.db import models
from moderation.fields import ModeratedImageField

class Profile(models.Model):
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE)
    {column}
"""
USE = """
import os, django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from people.models import Profile
for name in ("spam.jpg", "innocent.jpg"):
    profile = Profile(user=User.objects.create(username=name))
    profile.avatar = ContentFile(open(name, "rb").read(), name)
    profile.save()
    print(name, bool(profile.avatar))
"""
MANAGE = """
import os, sys
from django.core.management import execute_from_command_line
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
execute_from_command_line(sys.argv)
"""


def test_it_protects_a_site(reader: Reader, photographs: dict[str, bytes]) -> None:
    ours, typed = blocks("README.md")[:2]
    settings, urls, models = re.split(r"^# (?:urls|models)\.py\n", ours.text, flags=re.MULTILINE)
    # What a reader has there already; and a folder that this test may write to.
    settings = settings.replace("[...,", "[*INSTALLED_APPS,").replace("    ...,", "    **STORAGES,")
    reader.write("settings.py", SETTINGS + settings.replace("/srv/", f"{reader.folder}/"))
    reader.write("urls.py", URLS + urls.replace("[...,", "[*urlpatterns,"))
    reader.write("people/models.py", MODELS.format(column=models.strip()))
    reader.write("people/__init__.py", "")
    reader.write("people/migrations/__init__.py", "")
    reader.write("manage.py", MANAGE)
    reader.write("use.py", USE)
    (reader.folder / "spam.jpg").write_bytes(photographs["banned.jpg"])
    (reader.folder / "innocent.jpg").write_bytes(photographs["innocent.jpg"])

    reader.run("python manage.py makemigrations people")
    reader.run(typed.text)
    reader.run("python manage.py check --fail-level WARNING")

    assert reader.run("python use.py").split() == ["spam.jpg", "False", "innocent.jpg", "True"]
