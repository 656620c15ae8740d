"""The reference leaves nothing out: what the code has, some page names."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from django.db.models import Model

from docs._ext import texts
from docs._ext.numbers import counted, gauges
from docs._ext.reference import DIRECTIVES
from moderation import api, models, signals
from moderation.conf import KEEP, Settings
from tests.docs.blocks import ROOT

REFERENCE = ROOT / "docs" / "reference"
COMMANDS = ROOT / "moderation" / "management" / "commands"
OF_DJANGO = {"flush"}
"""Commands that keep the options and the output of Django's."""


def _page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def _named(page: str, directive: str) -> list[str]:
    """Return what a page hands to a directive."""
    lines = re.findall(rf"^\.\. {directive}:: *(.*)$", _page(page), re.MULTILINE)
    assert lines, f"{page}.md does not use {directive}"
    return " ".join(lines).split()


def test_every_setting_is_documented_once() -> None:
    assert sorted(_named("settings", "moderation-settings")) == sorted(
        field.name.upper() for field in fields(Settings)
    )


def test_every_setting_says_what_it_is() -> None:
    mute = [name for name in _named("settings", "moderation-settings") if not _text_of(name)]

    assert mute == []


def _text_of(name: str) -> str:
    """Return what stands between the name and the line of type and default."""
    return "\n".join(texts.settings([name])).split("\n\n")[1].strip()


def test_every_command_is_documented_once() -> None:
    there = {path.stem for path in COMMANDS.glob("[!_]*.py")}

    assert sorted(_named("commands", "moderation-command")) == sorted(there)


@pytest.mark.parametrize("name", sorted(path.stem for path in COMMANDS.glob("[!_]*.py")))
def test_every_option_says_what_it_is(name: str) -> None:
    text = "\n".join(texts.command([name]))

    assert "--json" in text or name in OF_DJANGO
    assert re.findall(r"^\.\. option:: .+\n\n\s*\n", text, re.MULTILINE) == []


def test_every_model_is_documented_once() -> None:
    there = {name for name in models.__all__ if _is_table(getattr(models, name))}

    assert sorted(_named("models", "moderation-models")) == sorted(there)


def _is_table(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, Model) and not found._meta.abstract


def test_every_check_is_documented() -> None:
    reported = set(re.findall(r"moderation\.[EW]\d{3}", _checks() + _source("fields/__init__.py")))
    text = "\n".join(texts.system_checks([])) + _page("checks")

    assert {one for one in reported if one not in text} == set()


def test_every_documented_check_is_reported() -> None:
    documented = set(re.findall(r"moderation\.[EW]\d{3}", "\n".join(texts.system_checks([]))))

    assert {one for one in documented if f'"{one}"' not in _checks()} == set()


def _checks() -> str:
    return "".join(path.read_text(encoding="utf-8") for path in (ROOT / "moderation" / "checks").glob("*.py"))


def _source(name: str) -> str:
    return (ROOT / "moderation" / name).read_text(encoding="utf-8")


def test_every_signal_is_documented_with_what_it_carries() -> None:
    text = "\n".join(texts.signal_list([]))

    assert [name for name in signals.__all__ if f"signals.{name}\n\n   Carries" not in text] == []


def test_every_default_of_retention_is_shown() -> None:
    text = "\n".join(texts.retention([]))

    assert [name for name in KEEP if f"``{name}``" not in text] == []


def test_metrics_are_those_that_are_counted() -> None:
    names = [name for name, _, _ in (*counted(), *gauges())]

    assert {"moderation_verdicts_total", "moderation_revision_lag"} <= set(names)
    assert len(names) == len(set(names))
    for name in re.findall(r'"(moderation_\w+)"', _source("services/metrics.py")):
        assert name in {one.removesuffix("_total") for one in names}


def test_what_a_host_imports_has_a_docstring() -> None:
    assert [name for name in api.__all__ if not getattr(api, name).__doc__] == []


@pytest.mark.parametrize("directive", sorted(DIRECTIVES))
def test_every_directive_is_used(directive: str) -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in Path(REFERENCE).glob("*.md"))

    assert f".. {directive}::" in pages
