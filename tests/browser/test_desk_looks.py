"""Every page of the desk in light and dark, on a phone and on a desk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from moderation import api
from moderation.models import Appeal, Screening
from moderation.services.desk import review
from tests.browser.conftest import SignIn
from tests.browser.test_desk_day import _staff
from tests.entrypoints.desk import held_upload, public_upload, rejected_upload
from tests.pictures import encode, scene

SERIOUS = {"serious", "critical"}


def _faults(page: Any) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    # Without preloading: it writes style elements, which the policy refuses, and a page may not do.
    found = axe.run(page, options={"preload": False}).response["violations"]
    faults = [
        f"{fault['id']}: {fault['nodes'][0]['html'][:140]}" for fault in found if fault["impact"] in SERIOUS
    ]
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        faults.append("wider than the screen")
    return faults


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_of_the_desk(visit: SignIn, scheme: str, width: int) -> None:
    """With ``SCREENSHOTS`` naming a folder, the pages are written there to be looked at."""
    _staff("senior", "sven")
    public_upload(4)
    held = held_upload(5)
    rejected = rejected_upload(3)
    appeal: Appeal = review.ask_for_review(upload=rejected, text="My own picture.")
    screening = Screening.objects.filter(upload_id=rejected.pk).latest("pk")
    match = screening.matches.all()[0]
    api.ban(encode(scene(9)), reason="to be looked at")
    page = visit("sven", width=width, scheme=scheme)
    pages = {
        "desk": "upload/desk/",
        "uploads": "upload/",
        "upload": f"upload/{rejected.pk}/change/",
        "review": "upload/review/",
        "item": f"upload/review/{held.pk}/",
        "ban": f"bannedimage/add/?uploads={held.pk}",
        "banned": "bannedimage/",
        "entry": f"bannedimage/{match.banned_id}/change/",
        "overturn": f"bannedimage/{match.banned_id}/overturn/?upload={rejected.pk}",
        "blocklists": "blocklist/",
        "blocklist": "blocklist/1/change/",
        "appeals": "appeal/",
        "appeal": f"appeal/{appeal.pk}/change/",
        "audit": "screening/",
        "screening": f"screening/{screening.pk}/change/",
    }
    wrong = {}
    for name, address in pages.items():
        answer = page.goto(f"/admin/moderation/{address}")
        assert answer.status == 200, name
        if name == "ban":
            page.get_by_role("button", name="Show what it would reach").click()
            page.wait_for_load_state("networkidle")
        if folder := os.environ.get("SCREENSHOTS"):
            target = Path(folder) / f"desk-{name}-{width}-{scheme}.png"
            page.screenshot(path=target, full_page=True)
        if faults := _faults(page):
            wrong[name] = faults
    assert wrong == {}
