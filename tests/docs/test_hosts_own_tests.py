"""A host's own tests go on working, unchanged, on both databases, however they are run."""

from __future__ import annotations

import re

import pytest

from tests.docs.conftest import Reader
from tests.servers import postgres

pytestmark = pytest.mark.slow

SETTINGS = """
INSTALLED_APPS += ["moderation", "pets"]
MEDIA_ROOT = BASE_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "moderation_quarantine": {
        "BACKEND": "moderation.storage.PrivateFileSystemStorage",
        "OPTIONS": {"location": BASE_DIR / "quarantine"},
    },
}
"""
MODELS = """
from django.db import models
from moderation.fields import ModeratedImageField

class Pet(models.Model):
    name = models.CharField(max_length=50)
    photo = ModeratedImageField(upload_to="pets/", blank=True)
"""
TESTS = """
import urllib.request
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import LiveServerTestCase, TestCase, TransactionTestCase
from moderation import api
from moderation.exceptions import ImageRefused
from moderation.models import Refusal
from moderation.services.history import triggers
from pets.models import Pet


def leave_history():
    try:
        api.screen_bytes(b"")
    except ImageRefused:
        pass
    from django.core.files.base import ContentFile
    try:
        api.check_at_door(ContentFile(b"no picture", "x.jpg"))
    except ImageRefused:
        pass
    assert Refusal.objects.exists()


class Plain(TestCase):
    def test_a_row(self):
        Pet.objects.create(name="Rex")
        leave_history()
        self.assertEqual(triggers.missing(), [])


class Committing(TransactionTestCase):
    def test_nothing_at_all(self):
        self.assertEqual(triggers.missing(), [])

    def test_nothing_once_more(self):
        self.assertFalse(Refusal.objects.exists())

    def test_with_history(self):
        leave_history()

    def test_a_flush_of_its_own(self):
        leave_history()
        call_command("flush", interactive=False, verbosity=0)
        self.assertFalse(Refusal.objects.exists())
        self.assertEqual(triggers.missing(), [])

    def test_rows_are_safe_all_the_same(self):
        leave_history()
        for statement in ("DELETE FROM moderation_refusal", "UPDATE moderation_refusal SET size = 1"):
            with self.assertRaisesMessage(DatabaseError, "append-only"), transaction.atomic():
                connection.cursor().execute(statement)
        if connection.vendor == "postgresql":
            with self.assertRaisesMessage(DatabaseError, "append-only"), transaction.atomic():
                connection.cursor().execute("TRUNCATE moderation_refusal CASCADE")


class Selected(TransactionTestCase):
    available_apps = ["django.contrib.contenttypes", "django.contrib.auth", "moderation", "pets"]

    def test_with_history(self):
        leave_history()
        self.assertEqual(triggers.missing(), [])


class Served(LiveServerTestCase):
    def test_a_page(self):
        leave_history()
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(self.live_server_url + "/nothing/")
        caught.exception.close()
"""
RESTORED = """
from django.test import TransactionTestCase
from moderation.models import Blocklist, Refusal
from pets.tests import leave_history

class Restored(TransactionTestCase):
    serialized_rollback = True

    def test_with_history(self):
        self.assertFalse(Refusal.objects.exists())
        leave_history()

    def test_with_history_once_more(self):
        self.assertFalse(Refusal.objects.exists())
        self.assertTrue(Blocklist.objects.exists())
        leave_history()
"""
PYTEST = """
import pytest
from pets.tests import leave_history

@pytest.mark.django_db
def test_inside_a_transaction():
    leave_history()

@pytest.mark.parametrize("time", [1, 2])
def test_committed(transactional_db, time):
    leave_history()

@pytest.mark.django_db(transaction=True, reset_sequences=True)
def test_sequences():
    leave_history()
"""
POSTGRES = """
from urllib.parse import urlsplit
_url = urlsplit("{url}")
DATABASES = {{"default": {{"ENGINE": "django.db.backends.postgresql", "NAME": "host", "USER": _url.username,
    "PASSWORD": _url.password or "", "HOST": _url.hostname, "PORT": _url.port}}}}
"""
SQLITE = """
DATABASES["default"]["OPTIONS"] = {
    "transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL;"}
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def host(request: pytest.FixtureRequest, reader: Reader) -> Reader:
    """Make a project with tests of its own, none of which knows of us."""
    reader.run("django-admin startproject mysite . && python manage.py startapp pets")
    reader.write("mysite/settings.py, at the end", SETTINGS)
    if request.param == "sqlite":
        reader.write("mysite/settings.py, at the end", SQLITE)
    else:
        server = request.getfixturevalue("postgres_server")
        assert isinstance(server, postgres.PostgresServer | postgres.NamedPostgres)
        reader.write("mysite/settings.py, at the end", POSTGRES.format(url=server.create()))
        reader.write(
            "mysite/settings.py, at the end",
            'DATABASES["default"]["NAME"] = _url.path[1:]\n'
            'DATABASES["default"]["TEST"] = {"NAME": "test_" + _url.path[1:]}\n',
        )
    reader.write("pets/models.py", MODELS)
    reader.write("pets/tests.py", TESTS)
    reader.write("pets/restored.py", RESTORED)
    reader.write("tests/test_pytest.py", PYTEST)
    reader.run("python manage.py makemigrations pets")
    return reader


def test_every_way_to_run_them(host: Reader) -> None:
    once = host.run("python manage.py test pets 2>&1")
    side_by_side = host.run("python manage.py test pets --parallel 2 2>&1")
    # Apart from the others: Django itself cannot restore rows beside those that post_migrate made.
    restored = host.run("python manage.py test pets.restored 2>&1")
    pytests = "python -m pytest tests -q -p no:cacheprovider --ds mysite.settings -o pythonpath=."
    kept = [host.run(f"{pytests} --reuse-db") for _ in range(2)]

    for output in (once, side_by_side):
        assert re.search(r"Ran 8 tests", output)
        assert "OK" in output
    assert re.search(r"Ran 2 tests.*OK", restored, re.DOTALL)
    assert all("4 passed" in output for output in kept)


def test_flush_empties_a_site_and_leaves_it_protected(host: Reader) -> None:
    host.run("python manage.py migrate")
    host.write("leave.py", "from pets.tests import leave_history\nleave_history()\n")
    host.run("python manage.py shell < leave.py")

    host.run("python manage.py flush --noinput")

    left = "from moderation.models import Refusal; print('left', Refusal.objects.count())"
    assert "left 0" in host.run(f'python manage.py shell -c "{left}"')
    assert '"check": "triggers", "level": "ok"' in host.run("python manage.py doctor --json || true")
