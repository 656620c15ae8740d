"""The glossary defines every word once, and the pages that a newcomer begins with lead to it."""

import re

import pytest

from tests.docs.blocks import ROOT

GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
WORDS = re.findall(r"^\| (?!word \||-+\|)([^|]+?) \| ([^|]+?) \|$", GLOSSARY, re.MULTILINE)


@pytest.mark.parametrize("page", ["docs/index.md", "README.md", "CONTRIBUTING.md"])
def test_pages_for_newcomers_lead_to_it(page: str) -> None:
    assert re.search(r"\]\((docs/)?glossary\.md\)", (ROOT / page).read_text(encoding="utf-8"))


def test_every_word_is_defined_once() -> None:
    words = [word.strip() for entry, _ in WORDS for word in entry.split(",")]

    assert sorted(words) == sorted(set(words))
    assert all(text for _, text in WORDS)


@pytest.mark.parametrize(
    "word",
    [
        "local",
        "evidence",
        "revision",
        "view",
        "second tier",
        "hold",
        "nearest",
        "seal",
        "canary",
        "veil",
        "reach",
    ],
)
def test_odd_words_are_in_it(word: str) -> None:
    assert word in {part.strip() for entry, _ in WORDS for part in entry.split(",")}


def test_a_probe_is_one_of_three_things() -> None:
    assert sum(entry.startswith("probe (") for entry, _ in WORDS) == 3
