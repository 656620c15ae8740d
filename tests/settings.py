"""The site's settings for the suite: everything in a folder that goes away, nothing from the shell.

``TEST_DATABASE_URL`` names another database than SQLite in memory; ``TEST_DATABASE=postgres`` starts a
PostgreSQL of the run's own. Processes that a test starts
inherit ``STATE_DIR`` and with it the files of the test that started them.
"""

import os
import tempfile
from pathlib import Path

for name in (
    "DATABASE_URL",
    "REDIS_URL",
    "MEDIA_ROOT",
    "QUARANTINE_ROOT",
    "INDEX_DIR",
    "ALLOWED_HOSTS",
    "HTTPS",
):
    os.environ.pop(name, None)

if "MODERATION_TEST_ROOT" not in os.environ:
    # Kept in a name: the folder is removed when this object is, at exit.
    _folder = tempfile.TemporaryDirectory(prefix="moderation-tests-")
    os.environ["MODERATION_TEST_ROOT"] = _folder.name
    os.environ["STATE_DIR"] = str(Path(_folder.name, "main"))
elif worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["STATE_DIR"] = str(Path(os.environ["MODERATION_TEST_ROOT"], worker))

if os.environ.get("TEST_DATABASE") == "postgres" and not os.environ.get("TEST_DATABASE_URL"):
    from tests.servers import postgres

    os.environ["TEST_DATABASE_URL"] = postgres.shared().url("moderation")

os.environ["DEBUG"] = "1"
os.environ["SECRET_KEY"] = "only for tests, and long enough to pass for a key"
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or "sqlite://:memory:"

from config.settings import *  # noqa: E402, F403
from config.settings import INSTALLED_APPS as SITE_APPS  # noqa: E402

# Its system check finds two migrations that were written beside one another.
INSTALLED_APPS = [
    *SITE_APPS,
    "django_linear_migrations",
    "easy_thumbnails",
    "imagekit",
    "tests.hostsite.apps.HostSiteConfig",
]
MIGRATION_MODULES = {"hostsite": None}

# Hashing a password properly takes longer than most tests.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A run signs in more often in a minute than people do.
RATELIMIT_ENABLE = False
AXES_ENABLED = False

# Periodic work runs, and limits hold, where a test asks for it.
MODERATION = {**MODERATION, "HOUSEKEEPING_SECONDS": 0, "UPLOADS_PER_MINUTE": 0, "PENDING_AT_ONCE": 0}  # noqa: F405
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":  # noqa: F405
    # A file, not memory: threads and processes of a test have connections of their own.
    DATABASES["default"]["TEST"] = {"NAME": STATE_DIR / "tests.sqlite3"}  # noqa: F405
