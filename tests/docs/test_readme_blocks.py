"""What the README shows, added to what `startproject` makes and nothing else, protects a site."""

from __future__ import annotations

import re

import pytest

from tests.docs.blocks import blocks
from tests.docs.conftest import Reader

pytestmark = pytest.mark.slow

USE = """
import os, django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
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


def test_it_protects_a_fresh_project(reader: Reader, photographs: dict[str, bytes]) -> None:
    install, ours, typed = blocks("README.md")[:3]
    _, settings, urls, models = re.split(
        r"^# (?:settings|urls|models)\.py\b.*\n", ours.text, flags=re.MULTILINE
    )
    assert install.text.startswith("pip install")
    reader.run("django-admin startproject mysite . && python manage.py startapp people")
    # A reader's own app is installed already.
    reader.write("mysite/settings.py, at the end", f'INSTALLED_APPS += ["people"]\n{settings}')
    reader.write("mysite/urls.py, at the end", urls)
    reader.write("people/models.py", models)
    reader.write("use.py", USE)
    (reader.folder / "spam.jpg").write_bytes(photographs["banned.jpg"])
    (reader.folder / "innocent.jpg").write_bytes(photographs["innocent.jpg"])

    reader.run(typed.text)
    reader.run("python manage.py check --fail-level WARNING")

    assert reader.run("python use.py").split() == ["spam.jpg", "False", "innocent.jpg", "True"]
