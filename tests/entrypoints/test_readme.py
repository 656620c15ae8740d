"""What the README says is there, is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.test import override_settings
from PIL import Image

from moderation import fields
from moderation.services.operations.installation import GROUPS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", README))
def test_a_link_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"manage\.py (\w+)", README))))
def test_a_command_exists(command: str) -> None:
    assert command in get_commands()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"make (\w+)(?: +#| PORT|`)", README))))
def test_a_make_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_its_names_are_the_codes() -> None:
    assert "ModeratedImageField" in README
    assert hasattr(fields, "ModeratedImageField")
    assert [group for group in GROUPS if f"`{group}`" not in README] == []


def test_its_storage_passes_the_checks(tmp_path: Path) -> None:
    from moderation.checks import quarantine_is_private

    backend = re.search(r'"moderation_quarantine": {\s+"BACKEND": "([\w.]+)"', README)
    assert backend is not None
    file_system = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    quarantine = {"BACKEND": backend[1], "OPTIONS": {"location": tmp_path}}
    with override_settings(STORAGES={"default": file_system, "moderation_quarantine": quarantine}):
        assert quarantine_is_private(None) == []


def test_it_fits_on_two_screens() -> None:
    assert len(README.splitlines()) <= 110


def test_its_picture_is_a_real_screenshot() -> None:
    with Image.open(ROOT / "docs/images/turned-down.png") as picture:
        assert min(picture.size) > 700
