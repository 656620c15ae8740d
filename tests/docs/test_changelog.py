"""The changelog has the shape of Keep a Changelog: what a reader looks for stands under the same heading in every
release."""

import re

from tests.docs.blocks import ROOT

KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
RELEASES = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


def test_the_first_section_is_what_is_not_released() -> None:
    assert RELEASES[0].startswith("Unreleased\n")


def test_every_line_stands_under_a_kind_of_change() -> None:
    homeless = [
        line
        for release in RELEASES
        for line in release.split("### ")[0].splitlines()
        if line.startswith("- ")
    ]

    assert homeless == []


def test_a_kind_stands_once_in_a_release() -> None:
    for release in RELEASES:
        kinds = re.findall(r"^### (.+)$", release, re.MULTILINE)

        assert kinds
        assert set(kinds) <= set(KINDS)
        assert len(kinds) == len(set(kinds))
