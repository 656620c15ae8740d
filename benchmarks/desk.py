"""How long the moderators' pages take among many rows, and how many queries.

    python -m benchmarks.desk [--uploads 100000] [--entries 100000] [--screenings 1000000] [--best-of 3]
    python -m benchmarks.desk --quick          small: to see that it runs, not to quote

PostgreSQL, filled by ``seed_large``; each page is asked for by a senior moderator through Django's test
client, once to count its queries and then for the best of several times. Exit status 1 where a page
takes longer or asks more than the goals allow.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

GOAL_MS, GOAL_QUERIES = 300.0, 15
DESK = "/admin/moderation/"
QUICK = {"uploads": 500, "entries": 500, "screenings": 2_000}


@dataclass(frozen=True, slots=True)
class Row:
    """A page and what it took."""

    name: str
    status: int
    milliseconds: float
    queries: int
    slowest: str
    """Its slowest query."""

    @property
    def good(self) -> bool:
        return self.status == 200 and self.milliseconds <= GOAL_MS and self.queries <= GOAL_QUERIES


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--uploads", type=int, default=100_000)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--screenings", type=int, default=1_000_000)
    parser.add_argument("--best-of", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="small sizes")
    options = parser.parse_args(argv)
    sizes = QUICK if options.quick else {name: getattr(options, name) for name in QUICK}
    with tempfile.TemporaryDirectory(prefix="moderation-bench-") as folder:
        _prepare(Path(folder))
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        call_command("seed_large", **sizes, yes=True)
        rows = measure(best_of=options.best_of)
    _print(rows)
    return 0 if all(row.good for row in rows) else 1


def _prepare(folder: Path) -> None:
    """Set up Django with the site's settings as in production, on an empty PostgreSQL."""
    from tests.servers import postgres

    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "site"))
    os.environ |= {
        "DEBUG": "1",
        "STATE_DIR": str(folder),
        "DATABASE_URL": postgres.shared().create(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    import django
    from django.conf import settings

    django.setup()
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["testserver"]


def measure(*, best_of: int) -> list[Row]:
    """Measure every page of the desk, in turn."""
    from django.contrib.auth.models import Group, User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    senior = User.objects.create_user("senior", is_staff=True)
    senior.groups.add(Group.objects.get(name="Senior moderators"))
    client = Client()
    client.force_login(senior)
    addresses = pages(str(senior.pk))
    rows = []
    for name, address in addresses.items():
        # What a process builds once, an index or a template, is not the page's.
        client.get(DESK + address)
        with CaptureQueriesContext(connection) as asked:
            status = client.get(DESK + address).status_code
        # The next request forgets them.
        queries = asked.captured_queries
        best = float("inf")
        for _ in range(best_of):
            began = time.perf_counter()
            client.get(DESK + address)
            best = min(best, time.perf_counter() - began)
        slowest = max(queries, key=lambda query: float(query["time"]), default={"sql": ""})
        rows.append(Row(name, status, best * 1000, len(queries), slowest["sql"]))
    return rows


def pages(moderator: str) -> dict[str, str]:
    """Name → address below the admin of the app, with the filters that have most to look through."""
    from moderation.models import Appeal, BannedImage, BlocklistChange, Decision, Screening, Upload
    from moderation.selectors import audit

    uploads, screenings = Upload.objects.order_by("pk"), Screening.objects.order_by("-created_at")
    held, rejected = uploads.filter(status="held")[0], uploads.filter(status="rejected")[0]
    blocked = screenings.filter(verdict="block")[0]
    middle = screenings[screenings.count() // 2]
    deep = audit.Cursor(middle.created_at, "screening", middle.pk)
    entry = BannedImage.objects.order_by("pk")[BannedImage.objects.count() // 2].pk
    decided = Decision.objects.order_by("pk")[0]
    log = {
        "newest": "",
        "in the middle": f"after={deep}",
        "verdict": "verdict=block",
        "no such verdict": "verdict=refused",
        "user": f"user={rejected.owner_type}:{rejected.owner_id}",
        "reference": f"reference={rejected.reference}",
        "banned image": f"banned={entry}",
        "method, distance": "method=dhash256/1&distance_to=3",
        "distance": "distance_to=0",
        "blocklist": "blocklist=default",
        "empty blocklist": "blocklist=none",
        "revision": f"revision={middle.revision}",
        "moderator": f"moderator={decided.actor_id}",
        "day": f"since={middle.created_at:%Y-%m-%d}&until={middle.created_at:%Y-%m-%d}",
        "common reason": "reason=copy",
        "no such reason": "reason=exact_copy",
    }
    return {
        "desk": "upload/desk/",
        "uploads": "upload/",
        "uploads: held": "upload/?status__exact=held",
        "uploads: a late page": f"upload/?p={min(100, (uploads.count() - 1) // 50 + 1)}",
        "uploads: search": f"upload/?q={rejected.reference}",
        "upload": f"upload/{rejected.pk}/change/",
        "review": "upload/review/",
        "review: by distance": "upload/review/?nearer=30",
        "review: one": f"upload/review/{held.pk}/",
        "appeals": "appeal/",
        "appeal": f"appeal/{Appeal.objects.order_by('pk')[0].pk}/change/",
        "ban": "bannedimage/add/",
        "ban: reach": f"bannedimage/reach/{_draft(moderator)}/",
        "ban: to confirm": "bannedimage/waiting/",
        "banned images": "bannedimage/",
        "banned images: number": f"bannedimage/?q=%23{entry}",
        "banned images: no such text": "bannedimage/?q=nothing",
        "banned image": f"bannedimage/{entry}/change/",
        "overturn": f"bannedimage/{entry}/overturn/",
        "blocklists": "blocklist/",
        "blocklist": "blocklist/1/change/",
        "screening": f"screening/{blocked.pk}/change/",
        "decision": f"decision/{decided.pk}/change/",
        "change": f"blocklistchange/{BlocklistChange.objects.order_by('pk')[0].pk}/change/",
        **{f"audit log: {name}": f"screening/?{query}" for name, query in log.items()},
    }


def _draft(moderator: str) -> str:
    """Return the batch of a ban by hash whose reach can be looked at."""
    from moderation import selectors
    from moderation.models import BanDraft

    code = os.urandom(32).hex()
    draft = BanDraft.objects.create(
        blocklist=selectors.blocklist_named("default"),
        algorithm="dhash256/1",
        codes=[["dhash256/1", code, ""]],
        created_by=moderator,
    )
    return str(draft.batch)


def _print(rows: Sequence[Row]) -> None:
    print(f"{'page':30} {'ms':>7} {'queries':>8}")
    for row in rows:
        print(f"{row.name:30} {row.milliseconds:7.0f} {row.queries:8}{'' if row.good else '  over'}")
        if row.status != 200:
            print(f"    answered {row.status}")
        elif not row.good:
            print(f"    {row.slowest[:600]}")
    bad = [row.name for row in rows if not row.good]
    said = f"not: {', '.join(bad)}" if bad else "every page"
    print(f"at most {GOAL_MS:.0f} ms and {GOAL_QUERIES} queries: {said}")


if __name__ == "__main__":
    sys.exit(main())
