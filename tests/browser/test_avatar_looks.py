"""Every page in light and dark, on a phone and on a desk: fits, reads, and can be used by everybody."""

from __future__ import annotations

from typing import Any

import pytest

from moderation import api
from moderation.models import Upload
from tests import pictures
from tests.browser.conftest import SignIn
from tests.entrypoints.visitors import member, send


def _faults(page: Any) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page).response["violations"]
    faults = [f"{fault['id']}: {fault['nodes'][0]['html'][:120]}" for fault in found]
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        faults.append("wider than the screen")
    return faults


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_page(visit: SignIn, scheme: str, width: int) -> None:
    ada = member()
    long_word = "Donaudampfschifffahrtsgesellschaftskapitänspatent" * 2
    send(ada, pictures.encode(pictures.scene(1)), about=long_word, display_name=long_word[:60])
    banned = pictures.encode(pictures.scene(7))
    api.ban(banned)
    send(ada, banned, about=long_word, display_name=long_word[:60])
    reference = Upload.objects.latest("id").reference
    visitor, at_home = visit(width=width, scheme=scheme), visit("ada", width=width, scheme=scheme)
    faults: dict[str, list[str]] = {}

    for page, addresses in (
        (visitor, ["/", "/members/ada/", "/join/", "/accounts/login/"]),
        (at_home, ["/", "/me/", f"/me/pictures/{reference}/review/", "/me/notices/"]),
    ):
        for address in addresses:
            page.goto(address)
            page.wait_for_load_state()
            if found := _faults(page):
                faults[address] = found

    assert faults == {}
