"""Reading the environment, and saying what in it is unsafe for production."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured

LOOPBACK = {"localhost", "127.0.0.1", "[::1]", "testserver"}


def boolean(name: str, *, default: bool) -> bool:
    """Read ``1``, ``true``, ``yes``, ``on`` and their opposites; anything else raises."""
    text = os.environ.get(name, "").strip().lower()
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    if text == "":
        return default
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {text!r}.")


def words(name: str, *, default: str = "") -> list[str]:
    """Return a list, separated by commas or white space."""
    return os.environ.get(name, default).replace(",", " ").split()


def production_faults(*, debug: bool, secret_key: str, allowed_hosts: list[str]) -> list[str]:
    """Return one sentence for each unsafe setting; an empty list where the site may start."""
    faults = []
    if not debug and len(secret_key) < 32:
        faults.append(
            "SECRET_KEY must be set, with at least 32 characters (`python -c 'import secrets; "
            "print(secrets.token_urlsafe(48))'` makes one); on a machine of your own, DEBUG=1 does without."
        )
    if not debug and "*" in allowed_hosts:
        faults.append("ALLOWED_HOSTS must name the hosts of this site, not *.")
    if debug and not LOOPBACK.issuperset(allowed_hosts):
        faults.append(
            "DEBUG=1 shows settings to visitors: with it, ALLOWED_HOSTS may only name this machine."
        )
    return faults
