"""Write the database of a small site as SQL: the starting point of the upgrade tests.

Run it once for a release, and keep the file: ``python tools/dump_release.py tests/upgrades/0.1.0.sql``.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEAL_KEY = "the seal key of the release's dump"

FILL = """
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from avatars.models import Profile
from moderation import api
from moderation.services.history import sealing
from moderation.services.blocklists import blocklist
from moderation.exceptions import ImageRefused
from moderation.testing import drawn_picture

for name, seeds in {"ada": (1, 2), "bob": (3, 1)}.items():
    profile, _ = Profile.objects.get_or_create(user=User.objects.create(username=name))
    for seed in seeds:
        api.submit_upload(
            ContentFile(drawn_picture(seed), "me.jpg"), owner=profile.user, target=(profile, "avatar")
        )
banned = api.ban(drawn_picture(1))
blocklist.unban(banned_id=api.ban(drawn_picture(9)).banned.pk)
profile = Profile.objects.get(user__username="bob")
api.submit_upload(ContentFile(drawn_picture(1), "x.jpg"), owner=profile.user, target=(profile, "avatar"))
# Two refusals: one in a form, which knows the file's name only, and one of a known uploader.
bad = ContentFile(b"no picture", "holiday.jpg")
for refused in (
    lambda: api.check_at_door(bad),
    lambda: api.submit_upload(bad, owner=profile.user, target=(profile, "avatar"), address="192.0.2.7"),
):
    try:
        refused()
    except ImageRefused:
        continue
    raise SystemExit("This should have been refused.")
sealing.seal(everything=True)
"""


def main() -> None:
    """Migrate, fill and dump a database of its own."""
    target = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "STATE_DIR": folder,
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "DEBUG": "1",
            "SEAL_KEY": SEAL_KEY,
        }
        for arguments in (["migrate", "-v", "0"], ["shell", "-v", "0", "-c", FILL]):
            subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=True)
        with sqlite3.connect(f"{folder}/db.sqlite3") as database:
            target.write_text("\n".join(database.iterdump()) + "\n")


if __name__ == "__main__":
    main()
