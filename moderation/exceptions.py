"""Every error of this project. The docstring of a class is its message; it says what to do next.

A class that carries a ``code`` may reach an uploader or a script: codes are stable, messages may
be reworded or translated.
"""

from __future__ import annotations

import inspect


class ModerationError(Exception):
    """Something went wrong in image moderation; the log has the details."""

    code = "error"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.default_message())

    @classmethod
    def default_message(cls) -> str:
        """The class's own docstring, its white space folded."""
        return " ".join(inspect.cleandoc(cls.__doc__ or "").split())


class ImageRefused(ModerationError):
    """These bytes are not a picture that we take. Send a JPEG, PNG, GIF, WebP or AVIF file."""

    code = "refused"


class EmptyFile(ImageRefused):
    """The file is empty. Choose the picture again."""

    code = "empty"


class FileTooLarge(ImageRefused):
    """The file is too large. Save the picture with fewer pixels or stronger compression."""

    code = "too_large"


class NotAnImage(ImageRefused):
    """The file is not a picture. Send a JPEG, PNG, GIF, WebP or AVIF file."""

    code = "not_an_image"


class FormatNotAllowed(ImageRefused):
    """Pictures of this format are not taken here. Save it as JPEG, PNG, GIF, WebP or AVIF."""

    code = "format_not_allowed"


class TooManyPixels(ImageRefused):
    """The picture has too many pixels. Scale it down and send it again."""

    code = "too_many_pixels"


class TooManyFrames(ImageRefused):
    """The animation has too many frames. Shorten it, or send a still."""

    code = "too_many_frames"


class Undecodable(ImageRefused):
    """We could not read this picture: the file is damaged or incomplete. Save it anew and try again."""

    code = "undecodable"


class FlatPicture(ModerationError):
    """The picture has too little structure for a fingerprint: others of one colour or one gradient
    would match it. Ban it as an exact copy instead."""

    code = "flat"


class UnknownAlgorithm(ModerationError):
    """There is no fingerprint algorithm of this name and version. See MODERATION["ALGORITHMS"]."""

    code = "unknown_algorithm"


class SandboxFailure(ModerationError):
    """The decoder's child process failed. The picture stays where it is and is tried again."""

    code = "sandbox"


class DecoderTimeout(SandboxFailure):
    """Decoding took longer than the deadline, so the child process was killed."""

    code = "decoder_timeout"


class DecoderCrashed(SandboxFailure):
    """The child process that decoded the picture died."""

    code = "decoder_crashed"


class DecoderOutOfMemory(SandboxFailure):
    """Decoding needed more memory than the child process may use."""

    code = "decoder_out_of_memory"


class SandboxBusy(SandboxFailure):
    """Every decoder process was busy for too long. Try again, or raise MODERATION["SANDBOX_WORKERS"]."""

    code = "sandbox_busy"


class SandboxUnavailable(SandboxFailure):
    """No decoder process could be started. The log says why; `manage.py doctor` tries it."""

    code = "sandbox_unavailable"


class IndexUnavailable(ModerationError):
    """The fingerprint index could not be brought to the current revision, so nothing is approved.
    `manage.py doctor` says why."""

    code = "index_unavailable"


class AppendOnly(ModerationError):
    """The history is only added to. Record a new decision that overrides the old one."""

    code = "append_only"


class DecisionRefused(ModerationError):
    """This cannot be decided now. Reload the page and look again."""

    code = "decision_refused"


class ChangedSinceSeen(DecisionRefused):
    """The blocklist has changed since this picture was screened, and it now matches more than was
    shown. Look at the new matches and decide again."""

    code = "changed_since_seen"


class AppealRefused(ModerationError):
    """A review can be asked for once, by the owner, of a picture that was rejected."""

    code = "appeal_refused"


class UnknownBlocklist(ModerationError):
    """There is no blocklist of this name. `manage.py shell` or the admin lists them."""

    code = "unknown_blocklist"


class UnknownEntry(ModerationError):
    """There is no banned image with this number."""

    code = "unknown_entry"


class ScreeningContended(ModerationError):
    """The blocklist changed faster than this picture could be compared. It stays pending and is tried
    again."""

    code = "contended"


class IndexFileFault(ModerationError):
    """The packed index file is missing, cut short, damaged, or made for something else. It was not
    used; `manage.py rebuild_index` writes a new one."""

    code = "index_file"


class TooManyUploads(ModerationError):
    """You have sent many pictures in a short time. Wait a minute and try again."""

    code = "too_many_uploads"
    retry_after = 60
    """Seconds after which it is worth trying again, for HTTP's ``Retry-After``."""


class PathUnreadable(ModerationError):
    """This file or folder cannot be read. Look at its name and its permissions."""

    code = "unreadable"


class NoFiles(PathUnreadable):
    """There is no file in this folder."""

    code = "no_files"


class RescanUnfinished(ModerationError):
    """A search among earlier uploads stopped before its end: it was cancelled, or failed. The log says
    why; `manage.py rescan --open` goes on with it."""

    code = "rescan_unfinished"


class BackfillUnfinished(ModerationError):
    """Some pictures could not be screened now. Run the command again: it goes on where it is."""

    code = "backfill_unfinished"


class NoIndexFolder(ModerationError):
    """There is no folder for packed index files. Set MODERATION["INDEX_DIR"] to one that this program
    may write."""

    code = "no_index_dir"


class MetricsUnavailable(ModerationError):
    """Nothing is counted: install `django-image-blocklist[metrics]`."""

    code = "metrics_unavailable"


class HashFileUnreadable(ModerationError):
    """This file of hashes cannot be read. It has to be CSV with the header `algorithm,hash`, or JSON lines
    with these keys."""

    code = "hash_file"


class BadHashLine(ModerationError):
    """This line of a file of hashes is left out."""

    code = "bad_line"


class PictureMissing(DecisionRefused):
    """The file of this picture is gone, so nothing can be done with it. `manage.py doctor` says which
    files are missing."""

    code = "picture_missing"
