"""The versions that are promised: Django 5.2 on Python 3.11 to 3.14, Django 6.0 and 6.1 from 3.12 on.

``.venv/bin/nox`` runs those whose interpreter is there and says which were left out.
"""

from __future__ import annotations

import nox

nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True
nox.options.envdir = ".cache/nox"
nox.needs_version = ">=2025.2"

EXTRAS = ".[api,celery,drf,lab,postgres,s3,metrics,local]"
MATRIX = [
    (python, django)
    for django, pythons in {
        "5.2": ("3.11", "3.12", "3.13", "3.14"),
        "6.0": ("3.12", "3.13", "3.14"),
        "6.1": ("3.12", "3.13", "3.14"),
    }.items()
    for python in pythons
]


@nox.session
@nox.parametrize(("python", "django"), MATRIX)
def tests(session: nox.Session, django: str) -> None:
    """Run the suite with the newest of everything else that this Django allows."""
    groups = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "site", "test")
    session.install("--editable", EXTRAS, *groups, f"Django~={django}.0")
    session.run("pytest", *session.posargs)
