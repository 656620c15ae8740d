#!/usr/bin/env python
"""Django's command line for the site in ``site/``."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Put the site's source root on the path, then hand over to Django."""
    sys.path.insert(0, str(Path(__file__).resolve().parent / "site"))
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
