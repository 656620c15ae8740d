"""Every reason stands in one table, with words for who reads it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from moderation import exceptions
from moderation.domain.reasons import Reason, label_of, uploader_message

ROOT = Path(__file__).resolve().parents[2]
OF_POLICY = (
    "no_match", "exact_copy", "copy", "near_copy", "hold_list", "search_cut_off", "views_unsearched", "allowlisted", "monitored", "cleared",
)  # fmt: skip


@pytest.mark.parametrize(
    "error",
    [
        *exceptions.ImageRefused.__subclasses__(),
        exceptions.DecoderTimeout,
        exceptions.DecoderCrashed,
        exceptions.DecoderOutOfMemory,
    ],
)
def test_what_ends_a_screening_has_a_reason(error: type[exceptions.ModerationError]) -> None:
    assert error.code in {reason.value for reason in Reason}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_label_of_its_own(reason: Reason) -> None:
    assert reason.label
    assert [other for other in Reason if other.label == reason.label] == [reason]
    assert label_of(reason.value) == reason.label


def test_an_upload_is_held_only_for_reasons_that_hold() -> None:
    assert {reason.value for reason in Reason if reason.holds} == {
        "near_copy", "hold_list", "search_cut_off", "views_unsearched", "undone", "decoder_timeout", "decoder_crashed",
        "decoder_out_of_memory", "file_missing", "file_damaged",
    }  # fmt: skip


def test_a_code_of_another_version_is_shown_as_it_is() -> None:
    assert label_of("some_later_reason") == "some later reason"


def test_an_uploader_reads_what_to_do_about_a_refused_file() -> None:
    assert uploader_message("too_many_pixels") == exceptions.TooManyPixels.message
    assert uploader_message("near_copy") == exceptions.Undecodable.message


def test_the_reference_names_every_reason_of_policy() -> None:
    reference = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")

    assert [code for code in OF_POLICY if f"| `{code}` |" not in reference] == []
    assert set(OF_POLICY) <= {reason.value for reason in Reason}


def test_messages_are_there_without_docstrings() -> None:
    """``python -OO`` removes docstrings."""
    program = (
        "from moderation.exceptions import EmptyFile, ModerationError, TooManyUploads\n"
        "print(EmptyFile(), TooManyUploads(), ModerationError(), EmptyFile('Other words.'), sep='|')"
    )

    said = subprocess.run(
        [sys.executable, "-OO", "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )

    assert said.stdout.strip().split("|") == [
        "The file is empty. Choose the picture again.",
        "You have sent many pictures in a short time. Wait a minute and try again.",
        "Something went wrong in image moderation; the log has the details.",
        "Other words.",
    ]
