#!/usr/bin/env python
"""Django's command line for the site in ``site/``."""

import os
import sys
from pathlib import Path

OF_A_REAL_SITE = (
    "DATABASE_URL",
    "MEDIA_ROOT",
    "QUARANTINE_ROOT",
    "INDEX_DIR",
    "REDIS_URL",
    "SECRET_KEY",
    "SEAL_KEY",
    "ALLOWED_HOSTS",
    "HTTPS",
)


def keep_to_this_machine() -> None:
    """Keep the demo from what the shell's settings name: it has a folder of its own."""
    for name in OF_A_REAL_SITE:
        os.environ.pop(name, None)
    os.environ["DEBUG"] = "1"


def main() -> None:
    """Put the site's source root on the path, then hand over to Django."""
    sys.path.insert(0, str(Path(__file__).resolve().parent / "site"))
    if sys.argv[1:2] == ["demo"]:
        keep_to_this_machine()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            "Django is not installed for this Python. Run `make demo` or `make test` once; "
            "they create .venv, then use .venv/bin/python manage.py."
        ) from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
