"""Why a verdict or a decision is what it is: one table for policy, desk, commands and uploaders.

A code is stored with uploads, screenings, decisions and refusals, so it never changes; its words may.
"""

from __future__ import annotations

from enum import StrEnum

from moderation.exceptions import Undecodable, refusal_named


def gettext_noop(text: str) -> str:
    """Mark a text for translation; who shows it translates it."""
    return text


class Reason(StrEnum):
    """A reason code, with its label for moderators and whether an upload may be held for it."""

    label: str
    """What a moderator and the command line read, not yet translated."""
    holds: bool
    """Whether an upload may be held for it: the desk offers it as a filter then."""

    def __new__(cls, code: str, label: str, holds: bool = False) -> Reason:
        """Make a row of the table."""
        reason = str.__new__(cls, code)
        reason._value_ = code
        reason.label, reason.holds = label, holds
        return reason

    # Policy.
    NO_MATCH = "no_match", gettext_noop("resembles nothing on the lists")
    ALLOWLISTED = "allowlisted", gettext_noop("explained by the allowlist")
    CLEARED = "cleared", gettext_noop("a person found it different")
    MONITORED = "monitored", gettext_noop("only a monitoring list matched")
    NEAR_COPY = "near_copy", gettext_noop("near a banned image"), True
    HOLD_LIST = "hold_list", gettext_noop("copy of an image on a holding list"), True
    SEARCH_CUT_OFF = "search_cut_off", gettext_noop("looking for parts of banned images took too long"), True
    VIEWS_UNSEARCHED = (
        "views_unsearched",
        gettext_noop("too many different frames to look at all of them"),
        True,
    )
    COPY = "copy", gettext_noop("copy of a banned image")
    EXACT_COPY = "exact_copy", gettext_noop("exact copy of a banned image")

    # People.
    MODERATOR = "moderator", gettext_noop("a moderator decided")
    OVERTURNED = "overturned", gettext_noop("the ban was overturned")
    UNDONE = "undone", gettext_noop("a decision was undone"), True
    BANNED_TOO = "banned_too", gettext_noop("its picture was banned as well")

    # Files that are refused: the codes of their exceptions.
    UNDECODABLE = "undecodable", gettext_noop("could not be read")
    NOT_AN_IMAGE = "not_an_image", gettext_noop("no picture")
    EMPTY = "empty", gettext_noop("empty file")
    TOO_LARGE = "too_large", gettext_noop("file too large")
    TOO_MANY_PIXELS = "too_many_pixels", gettext_noop("too many pixels")
    TOO_MANY_FRAMES = "too_many_frames", gettext_noop("too many frames")
    FORMAT_NOT_ALLOWED = "format_not_allowed", gettext_noop("format not taken")

    # No judgement could be reached.
    DECODER_TIMEOUT = "decoder_timeout", gettext_noop("decoding took too long"), True
    DECODER_CRASHED = "decoder_crashed", gettext_noop("the decoder crashed"), True
    DECODER_OUT_OF_MEMORY = "decoder_out_of_memory", gettext_noop("decoding needed too much memory"), True
    FILE_MISSING = "file_missing", gettext_noop("the file is missing"), True
    FILE_DAMAGED = "file_damaged", gettext_noop("the file has changed in storage"), True


_BY_CODE = {reason.value: reason for reason in Reason}


def label_of(code: str) -> str:
    """Return the label of a stored code; codes that hosts or older versions wrote stay codes."""
    reason = _BY_CODE.get(code)
    return reason.label if reason else code.replace("_", " ")


def uploader_message(code: str) -> str:
    """Return what an uploader reads of a file that was refused for ``code``: what to do, never what was compared."""
    refusal = refusal_named(code) or Undecodable
    return refusal.message
