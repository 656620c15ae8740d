"""The errors of the app, each with a message that says what to do next.

A class that carries a ``code`` may reach an uploader or a script: codes are stable, messages may
be reworded or translated. The message is the documentation of its class; it is an attribute, since ``python -OO``
removes docstrings.
"""

from __future__ import annotations

from typing import Any


class ModerationError(Exception):
    """Say that something went wrong in image moderation; what exactly stands in :attr:`message` of the child."""

    code = "error"
    message = "Something went wrong in image moderation; the log has the details."

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__doc__ is None:
            cls.__doc__ = cls.message

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.message)


class ImageRefused(ModerationError):
    code = "refused"
    message = "These bytes are not a picture that we take. Send a JPEG, PNG, GIF, WebP or AVIF file."


class EmptyFile(ImageRefused):
    code = "empty"
    message = "The file is empty. Choose the picture again."


class FileTooLarge(ImageRefused):
    code = "too_large"
    message = "The file is too large. Save the picture with fewer pixels or stronger compression."


class NotAnImage(ImageRefused):
    code = "not_an_image"
    message = "The file is not a picture. Send a JPEG, PNG, GIF, WebP or AVIF file."


class FormatNotAllowed(ImageRefused):
    code = "format_not_allowed"
    message = "Pictures of this format are not taken here. Save it as JPEG, PNG, GIF, WebP or AVIF."


class TooManyPixels(ImageRefused):
    code = "too_many_pixels"
    message = "The picture has too many pixels. Scale it down and send it again."


class TooManyFrames(ImageRefused):
    code = "too_many_frames"
    message = "The animation has too many frames. Shorten it, or send a still."


class Undecodable(ImageRefused):
    code = "undecodable"
    message = "We could not read this picture: the file is damaged or incomplete. Save it anew and try again."


class FlatPicture(ModerationError):
    code = "flat"
    message = (
        "The picture has too little structure for a fingerprint: others of one colour or one gradient "
        "would match it. Ban it as an exact copy instead."
    )


class NeedsConfirmation(ModerationError):
    code = "needs_confirmation"
    message = (
        "This would hit many earlier uploads: it waits for a second person, who confirms it at the desk."
    )


class LoweringNeedsTwo(ModerationError):
    code = "lowering_needs_two"
    message = "This lets other pictures pass, so a second person has to confirm it at the desk."


class UnknownAlgorithm(ModerationError):
    code = "unknown_algorithm"
    message = 'There is no fingerprint algorithm of this name and version. See MODERATION["ALGORITHMS"].'


class SandboxFailure(ModerationError):
    code = "sandbox"
    message = "The decoder's child process failed. The picture stays where it is and is tried again."


class DecoderTimeout(SandboxFailure):
    code = "decoder_timeout"
    message = "Decoding took longer than it may, so the child process was killed."


class DecoderCrashed(SandboxFailure):
    code = "decoder_crashed"
    message = "The child process that decoded the picture died."


class DecoderOutOfMemory(SandboxFailure):
    code = "decoder_out_of_memory"
    message = "Decoding needed more memory than the child process may use."


class SandboxBusy(SandboxFailure):
    code = "sandbox_busy"
    message = (
        'Every decoder process was busy for too long. Try again, or raise MODERATION["SANDBOX_WORKERS"].'
    )


class SandboxUnavailable(SandboxFailure):
    code = "sandbox_unavailable"
    message = "No decoder process could be started. The log says why; `manage.py doctor` tries it."


class IndexUnavailable(ModerationError):
    code = "index_unavailable"
    message = (
        "The fingerprint index could not be brought to the current revision, so nothing is approved. "
        "`manage.py doctor` says why."
    )


class AppendOnly(ModerationError):
    code = "append_only"
    message = "The history is only added to. Record a new decision that overrides the old one."


class DecisionRefused(ModerationError):
    code = "decision_refused"
    message = "This cannot be decided now. Reload the page and look again."


class ChangedSinceSeen(DecisionRefused):
    code = "changed_since_seen"
    message = (
        "The blocklist has changed since this picture was screened, and it now matches more than was "
        "shown. Look at the new matches and decide again."
    )


class ReportRefused(ModerationError):
    code = "report_refused"
    message = "This picture is not shown any more, so there is nothing to report."


class AllowedExactly(DecisionRefused):
    code = "allowed_exactly"
    message = (
        "An exact copy of this picture is allowed, so a ban would not stop it. Retire the entry that allows "
        "it first."
    )


class AppealRefused(ModerationError):
    code = "appeal_refused"
    message = "A review can be asked for once, by the owner, of a picture that was rejected."


class UnknownBlocklist(ModerationError):
    code = "unknown_blocklist"
    message = "There is no blocklist of this name. `manage.py shell` or the admin lists them."


class UnknownEntry(ModerationError):
    code = "unknown_entry"
    message = "There is no banned image with this number."


class ScreeningContended(ModerationError):
    code = "contended"
    message = (
        "The blocklist changed faster than this picture could be compared. It stays pending and is tried "
        "again."
    )


class IndexFileFault(ModerationError):
    code = "index_file"
    message = (
        "The packed index file is missing, cut short, damaged, or made for something else. It was not "
        "used; `manage.py rebuild_index` writes a new one."
    )


class TooManyUploads(ModerationError):
    code = "too_many_uploads"
    message = "You have sent many pictures in a short time. Wait a minute and try again."
    retry_after = 60
    """Seconds after which it is worth trying again, for HTTP's ``Retry-After``."""


class KeyRefused(ModerationError):
    code = "key_refused"
    message = "This address wants a valid key in the header Authorization: Bearer. `manage.py api_key create` makes one."


class ScopeMissing(ModerationError):
    code = "scope_missing"
    message = "This key may not do that: it does not have the scope."


class KeyUnsuitable(ModerationError):
    code = "key_unsuitable"
    message = "No such key can be made."


class UnknownKey(ModerationError):
    code = "unknown_key"
    message = "There is no such key. `manage.py api_key list` names them."


class TooManyRequests(ModerationError):
    code = "too_many_requests"
    message = "This key has asked too often within a minute. Wait, and ask again."
    retry_after = 60
    """Seconds after which it is worth trying again, for HTTP's ``Retry-After``."""


class RequestKeyReused(ModerationError):
    code = "idempotency_key_reused"
    message = (
        "This Idempotency-Key was sent with another request before. Choose a fresh one for each request."
    )


class RequestInProgress(ModerationError):
    code = "request_in_progress"
    message = "A request with this Idempotency-Key is being worked on. Ask again in a moment."
    retry_after = 1
    """Seconds after which it is worth trying again, for HTTP's ``Retry-After``."""


class UnknownUpload(ModerationError):
    code = "unknown_upload"
    message = "There is no upload with this reference."


class BadRequest(ModerationError):
    code = "bad_request"
    message = "This request cannot be read. The OpenAPI document says how it has to look."


class BodyIncomplete(ModerationError):
    code = "incomplete"
    message = "The body ended before its Content-Length. Send it again."


class LengthRequired(ModerationError):
    code = "length_required"
    message = "Send the body in one piece, with its Content-Length."


class MediaTypeRefused(ModerationError):
    code = "unsupported_media_type"
    message = (
        "A picture is sent as image/…, application/octet-stream, or as the one file of multipart/form-data."
    )


class NotOneFile(ModerationError):
    code = "one_file"
    message = "Send exactly one file in the form."


class BadCursor(ModerationError):
    code = "bad_cursor"
    message = "This cursor was not given out by the page before. Begin again without one."


class OutgoingOff(ModerationError):
    code = "outgoing_off"
    message = 'This filter sends no requests to others. MODERATION["OUTGOING_REQUESTS"] allows them.'


class AddressRefused(ModerationError):
    code = "address_refused"
    message = "This address is not asked: it leads into a network that is not allowed."


class AnswerTooLarge(ModerationError):
    code = "answer_too_large"
    message = "What was fetched is too large."


class FetchFailed(ModerationError):
    code = "fetch_failed"
    message = "The other side did not answer as it should."


class UnknownBank(ModerationError):
    code = "unknown_bank"
    message = "There is no bank of this name."


class UnknownContent(ModerationError):
    code = "unknown_content"
    message = "There is no content with this number in the bank."


class BankNameUnsuitable(ModerationError):
    code = "bank_name"
    message = "Bank names must be UPPER_WITH_UNDERSCORE."


class BankExists(ModerationError):
    code = "bank_exists"
    message = "There is a bank of this name already."


class PathUnreadable(ModerationError):
    code = "unreadable"
    message = "This file or folder cannot be read. Look at its name and its permissions."


class NoFiles(PathUnreadable):
    code = "no_files"
    message = "There is no file in this folder."


class RescanUnfinished(ModerationError):
    code = "rescan_unfinished"
    message = (
        "A search among earlier uploads stopped before its end: it was cancelled, or failed. The log says "
        "why; `manage.py rescan --open` goes on with it."
    )


class BackfillUnfinished(ModerationError):
    code = "backfill_unfinished"
    message = "Some pictures could not be screened now. Run the command again: it goes on where it is."


class NoIndexFolder(ModerationError):
    code = "no_index_dir"
    message = (
        'There is no folder for packed index files. Set MODERATION["INDEX_DIR"] to one that this program '
        "may write."
    )


class MetricsUnavailable(ModerationError):
    code = "metrics_unavailable"
    message = "Nothing is counted: install `django-image-blocklist[metrics]`."


class HashFileUnreadable(ModerationError):
    code = "hash_file"
    message = (
        "This file of hashes cannot be read. It has to be CSV with the header `algorithm,hash`, or JSON "
        "lines with these keys."
    )


class BadHashLine(ModerationError):
    code = "bad_line"
    message = "This line of a file of hashes is left out."


class PictureMissing(DecisionRefused):
    code = "picture_missing"
    message = (
        "The file of this picture is gone, so nothing can be done with it. `manage.py doctor` says which "
        "files are missing."
    )


def refusal_named(code: str) -> type[ImageRefused] | None:
    """Return the refusal with this code, if it is one."""
    return next((refusal for refusal in ImageRefused.__subclasses__() if refusal.code == code), None)


class SealKeyUnknown(ModerationError):
    code = "seal_key_unknown"
    message = (
        "The last seal of the history was made with another key than SEAL_KEY. Set the key of before again, or name it "
        "in SEAL_KEY_FALLBACKS and run `manage.py rotate_seal_key`."
    )
