"""The wheel, installed by itself, protects another project."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest

from tests import pictures

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow

SETTINGS = """
from pathlib import Path
HERE = Path(__file__).resolve().parent
SECRET_KEY = "only for a test, and long enough to pass for a key of a site"
DEBUG = False
ALLOWED_HOSTS = ["localhost"]
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.messages",
    "django.contrib.sessions", "moderation", "shop",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
    "context_processors": ["django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages"]}}]
ROOT_URLCONF = "urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "db.sqlite3", "OPTIONS": {
    "transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL;"}}}
MEDIA_ROOT, MEDIA_URL, STATIC_URL = HERE / "media", "/media/", "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "moderation_quarantine": {"BACKEND": "moderation.storage.PrivateFileSystemStorage",
                              "OPTIONS": {"location": HERE / "quarantine"}},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
"""
URLS = """
from django.contrib import admin
from django.urls import include, path
urlpatterns = [path("admin/", admin.site.urls), path("moderation/", include("moderation.urls"))]
"""
MODELS = """
from django.db import models
from moderation.fields import ModeratedImageField

class Item(models.Model):
    photo = ModeratedImageField(upload_to="items/", blank=True)
"""
USE = """
import sys, django
django.setup()
import moderation
from pathlib import Path
from django.core.files.base import ContentFile
from django.template.loader import get_template
from moderation import api
from shop.models import Item
assert Path(moderation.__file__).is_relative_to(sys.argv[1]), moderation.__file__
banned, copy, innocent = (Path(name).read_bytes() for name in sys.argv[2:])
api.ban(banned)
bad = Item.objects.create(photo=ContentFile(copy, "x.jpg"))
good = Item.objects.create(photo=ContentFile(innocent, "y.jpg"))
print(api.status_of(bad, "photo").status, bool(bad.photo), api.status_of(good, "photo").status, bool(good.photo))
get_template("admin/moderation/desk.html")
"""


def _run(*command: str, cwd: Path, **environment: str) -> str:
    clean = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    result = subprocess.run(
        command, cwd=cwd, env=clean | environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT), cwd=folder)
    return folder


def test_the_wheel_holds_the_app_and_nothing_else(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())

    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"moderation"}
    for needed in ("py.typed", "static/moderation/desk.css", "migrations/0001_initial.py"):
        assert f"moderation/{needed}" in names
    assert any(name.startswith("moderation/templates/admin/moderation/") for name in names)
    assert any(name.startswith("moderation/domain/local/model-") for name in names)
    assert not any("seed" in name for name in names)
    assert not any("__pycache__" in name or name.startswith(("site/", "avatars/")) for name in names)


def test_a_wheel_that_is_built_again_elsewhere_is_the_same(built: Path, tmp_path: Path) -> None:
    """The second is built from the unpacked sdist: other folder, other times, other order of files."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    for path in source.rglob("*"):
        os.utime(path)
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", str(source), cwd=tmp_path)

    first, second = next(built.glob("*.whl")), next(source.glob("dist/*.whl"))
    assert first.read_bytes() == second.read_bytes()


@pytest.fixture(scope="module")
def bare(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheel and what pip installs for it, at the locked versions; skip where pip can reach no
    packages."""
    folder = tmp_path_factory.mktemp("bare")
    constraints = folder / "constraints.txt"
    locked = re.findall(r"^[\w.-]+==[^ \\\n]+", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    constraints.write_text("\n".join(locked))
    result = subprocess.run(
        # Built with the locked tools of this environment, so that nothing else has to be fetched.
        [
            *(sys.executable, "-m", "pip", "install", "--no-build-isolation", "--no-compile", "--quiet"),
            *(
                "--target",
                str(folder / "packages"),
                "--constraint",
                str(constraints),
                str(next(built.glob("*.whl"))),
            ),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if result.returncode and re.search(
        r"No matching distribution|ConnectionError|Temporary failure|timed out", result.stderr
    ):
        pytest.skip(f"pip can reach no packages here: {result.stderr.strip().splitlines()[-1]}")
    assert result.returncode == 0, result.stderr
    return folder / "packages"


def test_a_bare_install_brings_what_is_imported_and_no_more(bare: Path) -> None:
    names = {distribution.metadata["Name"].lower() for distribution in distributions(path=[str(bare)])}

    assert names - {"tzdata"} == {  # Windows has no time zones of its own
        *("django-image-blocklist", "django", "asgiref", "sqlparse"),
        *("pillow", "numpy", "pybktree"),
    }


def test_a_bare_install_protects_a_project(bare: Path, tmp_path: Path) -> None:
    """Nothing of this environment is in sight: ``-S`` leaves out its packages, and decoders inherit that path."""
    # W007 says that the second tier is off, which it is.
    answer = _protected(tmp_path / "project", bare, "-S", level="ERROR")

    assert answer == ["rejected", "False", "approved", "True"]


def test_it_protects_another_project(built: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path / "installed")

    assert _protected(tmp_path / "project", tmp_path / "installed") == [
        "rejected",
        "False",
        "approved",
        "True",
    ]


def _protected(project: Path, installed: Path, *options: str, level: str = "WARNING") -> list[str]:
    """Set up a project that uses the app from ``installed``; return what became of a copy and of an innocent picture."""
    (project / "shop" / "migrations").mkdir(parents=True)
    (project / "shop" / "__init__.py").touch()
    (project / "shop" / "migrations" / "__init__.py").touch()
    for name, text in {
        "settings.py": SETTINGS,
        "urls.py": URLS,
        "shop/models.py": MODELS,
        "use.py": USE,
    }.items():
        (project / name).write_text(textwrap.dedent(text))
    banned = pictures.scene(5)
    files = {
        "banned.jpg": pictures.encode(banned),
        "copy.jpg": pictures.edited_copies(banned)["mirrored"],
        "innocent.jpg": pictures.encode(pictures.scene(6)),
    }
    for name, data in files.items():
        (project / name).write_bytes(data)
    environment = {"PYTHONPATH": f"{installed}{os.pathsep}{project}", "DJANGO_SETTINGS_MODULE": "settings"}

    for arguments in (("makemigrations", "shop"), ("migrate",), ("check", "--fail-level", level)):
        _run(sys.executable, *options, "-m", "django", *arguments, cwd=project, **environment)
    answer = _run(sys.executable, *options, "use.py", str(installed), *files, cwd=project, **environment)
    return answer.split()
