"""Fills a site for a measurement: ``python -m benchmarks.seed ENTRIES MEMBERS FOLDER``.

ENTRIES banned images with random codes (which no picture matches), MEMBERS with sessions, and the
pictures of FOLDER banned for real. Prints one JSON object: ``sessions``, ``members``, ``banned``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import django


def main() -> int:
    django.setup()
    from moderation import api
    from moderation.models import Revision
    from moderation.services.operations import seeding

    entries, members, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    banned = [api.ban(path.read_bytes()).banned.pk for path in sorted(folder.glob("*.jpg"))]
    if entries:
        seeding.add_entries(entries)
    sessions = _members(members)
    assert Revision.objects.get(pk=1).entries == entries + len(banned)
    sys.stdout.write(json.dumps({"sessions": sessions, "banned": banned}) + "\n")
    return 0


def _members(count: int) -> list[str]:
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User

    from avatars.members import profile_of

    store = import_module(settings.SESSION_ENGINE).SessionStore
    sessions = []
    for number in range(count):
        user = User(username=f"member{number}")
        user.set_unusable_password()
        user.save()
        profile_of(user)
        session = store()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        sessions.append(session.session_key)
    return sessions


if __name__ == "__main__":
    sys.exit(main())
