"""One picture from a request: the raw body, or a form with one file. Nothing is read that is too large anyway."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from moderation.conf import get_settings
from moderation.exceptions import BodyIncomplete, FileTooLarge, LengthRequired, MediaTypeRefused, NotOneFile

FORM = "multipart/form-data"
FORM_OVERHEAD = 64 * 1024
"""Bytes of a form beside its file."""
LONGEST_JSON = 64 * 1024
"""Bytes of a body that is no picture."""


@dataclass(frozen=True, slots=True)
class SentPicture:
    """Bytes as they came, at most one more than is taken."""

    data: bytes
    size: int
    name: str = ""


def read_picture(request: HttpRequest) -> SentPicture:
    """Read the one picture of a request.

    Raises :class:`FileTooLarge` before anything is read where the length says so, :class:`MediaTypeRefused`,
    :class:`NotOneFile`, :class:`LengthRequired` and :class:`BodyIncomplete`. What the bytes are is for the
    decoder to judge.
    """
    most = get_settings().max_bytes
    kind = request.content_type or ""
    length = _length(request, most + (FORM_OVERHEAD if kind == FORM else 0))
    if kind == FORM:
        return _from_form(request, most)
    if kind.startswith("image/") or kind == "application/octet-stream":
        return SentPicture(_read(request, length), length)
    raise MediaTypeRefused


def read_json(request: HttpRequest) -> bytes:
    """Read a body that is no picture. Raises :class:`FileTooLarge`, :class:`BodyIncomplete`."""
    return _read(request, _length(request, LONGEST_JSON))


def _length(request: HttpRequest, most: int) -> int:
    if request.META.get("HTTP_TRANSFER_ENCODING"):
        raise LengthRequired
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise LengthRequired from None
    if length > most:
        raise FileTooLarge
    return max(length, 0)


def _read(request: HttpRequest, length: int) -> bytes:
    data: bytes = request.read(length)
    if len(data) < length:
        raise BodyIncomplete
    return data


def _from_form(request: HttpRequest, most: int) -> SentPicture:
    files = [file for name in request.FILES for file in request.FILES.getlist(name)]
    if len(files) != 1:
        raise NotOneFile
    file = files[0]
    assert isinstance(file, UploadedFile)
    return SentPicture(file.read(most + 1), file.size or 0, (file.name or "")[:255])
