"""Pages keep what they promise: links lead somewhere, names exist, nothing of a machine slips in."""

from __future__ import annotations

import re

import pytest
from django.core.management import get_commands

from tests.docs.blocks import ROOT

PAGES = [
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts),
    ROOT / "CONTRIBUTING.md",
]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", NAMES)
def test_links_lead_somewhere(page: str) -> None:
    folder = (ROOT / page).parent
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", _text(page))

    assert [target for target in targets if not (folder / target).exists()] == []


@pytest.mark.parametrize("page", NAMES)
def test_commands_exist(page: str) -> None:
    named = set(re.findall(r"manage\.py ([a-z_]+)", _text(page)))

    assert named - set(get_commands()) - {"COMMAND"} == set()


@pytest.mark.parametrize("page", NAMES)
def test_make_targets_exist(page: str) -> None:
    named = set(re.findall(r"`make ([a-z-]+)|^\$? ?make ([a-z-]+)", _text(page), re.MULTILINE))

    missing = [
        one or other for one, other in named if not re.search(rf"^{one or other}:", MAKEFILE, re.MULTILINE)
    ]
    assert missing == []


@pytest.mark.parametrize("page", NAMES)
def test_settings_exist(page: str) -> None:
    from dataclasses import fields

    from moderation.conf import Settings

    known = {field.name.upper() for field in fields(Settings)}

    assert set(re.findall(r'MODERATION\["(\w+)"\]', _text(page))) - known == set()


@pytest.mark.parametrize("page", NAMES)
def test_nothing_of_a_machine_slips_in(page: str) -> None:
    assert re.findall(r"/(?:root|work|home|tmp)/[\w./-]+", _text(page)) == []
