"""Pages keep what they promise: links lead somewhere, names exist, nothing of a machine slips in."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from importlib import import_module

import pytest
from django.core.management import get_commands

from moderation.conf import Settings
from tests.docs.blocks import ROOT, blocks

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
    known = {field.name.upper() for field in fields(Settings)}

    assert set(re.findall(r'MODERATION\["(\w+)"\]', _text(page))) - known == set()


@pytest.mark.parametrize("page", NAMES)
def test_nothing_of_a_machine_slips_in(page: str) -> None:
    assert re.findall(r"/(?:root|work|home|tmp)/[\w./-]+", _text(page)) == []


@pytest.mark.parametrize("page", [*NAMES, "README.md"])
def test_examples_import_what_is_there(page: str) -> None:
    sources = [block.text for block in blocks(page) if block.language == "python"]
    if page == "README.md":
        sources = [re.sub(r"^ +\.\.\.,", "    0: 0,", source, flags=re.MULTILINE) for source in sources]
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("moderation"):
                module = import_module(str(node.module))
                assert [name.name for name in node.names if not hasattr(module, name.name)] == []
