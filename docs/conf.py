"""Sphinx: ``make docs``. Nothing is fetched, and a warning is an error."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import django
from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# The reference is read from the code, which wants Django; no database is opened.
settings.configure(
    SECRET_KEY="for reading docstrings",  # noqa: S106 -- guards nothing
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "moderation",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

project = "django-image-blocklist"
author = "The django-image-blocklist contributors"
release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
version = release
copyright = author  # noqa: A001 -- Sphinx calls it so

extensions = ["myst_parser", "sphinx.ext.autodoc", "docs._ext.reference"]
exclude_patterns = ["_build", "benchmarks/*.tables.md"]
myst_enable_extensions = ["colon_fence", "deflist", "substitution"]
# What make_pictures.py measured while it drew.
myst_substitutions = json.loads((ROOT / "docs/images/numbers.json").read_text(encoding="utf-8"))
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"exclude-members": "__init__, __new__"}
python_use_unqualified_type_names = True
# What the sidebar would otherwise fill with.
toc_object_entries = False

html_theme = "furo"
html_title = f"{project} {release}"
html_show_sphinx = False
html_copy_source = False
pygments_style = "friendly"
