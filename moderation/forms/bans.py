"""What is banned, and how: files, hashes or uploads, with the settings that they share."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from moderation.conf import get_settings
from moderation.domain.algorithms import ALGORITHMS
from moderation.domain.fingerprints import NEARLY_CONSTANT, nearly_constant, parse_code
from moderation.forms.radii import RadiiField
from moderation.models import BannedImage, Blocklist, Upload
from moderation.services.blocklists.banning import EntryOptions
from moderation.services.desk.drafts import Common, File, Hash, Source

MOST_FILES = 50
MOST_UPLOADS = 100
DATE_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"]


class MultipleFileInput(forms.ClearableFileInput):
    """A file input that takes many, without the checkbox to clear them."""

    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class MultipleFileField(forms.FileField):
    """Any number of files, empty ones too: what is in them is for the decoder to judge."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", MultipleFileInput())
        super().__init__(**options)

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Return a list of uploaded files."""
        given = data if isinstance(data, list | tuple) else [data] if data else []
        files = [file for file in given if file]
        if len(files) > MOST_FILES:
            raise ValidationError(_("Give at most %(most)s files at once."), params={"most": MOST_FILES})
        return files


class BanSettingsForm(forms.Form):
    """What every ban asks for."""

    blocklist = forms.ModelChoiceField(
        label=_("Blocklist"), queryset=Blocklist.objects.all(), empty_label=None
    )
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)
    label = forms.CharField(
        label=_("Label"), max_length=200, required=False, help_text=_("What the desk calls this entry.")
    )
    note = forms.CharField(
        label=_("Note for colleagues"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    expires_at = forms.DateTimeField(
        label=_("Expires"),
        required=False,
        input_formats=DATE_FORMATS,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Empty: never. In the site's time zone."),
    )
    exact_only = forms.BooleanField(
        label=_("Exact copies only"),
        required=False,
        help_text=_("No edited copy is found. The only way to ban a flat picture."),
    )
    radii = RadiiField(label=_("Own radii"), required=False)

    def clean_expires_at(self) -> Any:
        """Return a date that is still to come."""
        moment = self.cleaned_data["expires_at"]
        if moment is not None and moment <= timezone.now():
            raise ValidationError(_("This moment has passed already."))
        return moment

    def options(self) -> EntryOptions:
        """Return what the service wants."""
        data = self.cleaned_data
        return EntryOptions(
            label=data["label"],
            reason=data["reason"],
            note=data["note"],
            exact_only=data["exact_only"],
            radii=data["radii"] or None,
            expires_at=data["expires_at"],
        )


class BanForm(BanSettingsForm):
    """Uploads, files and hashes that are banned together."""

    uploads = forms.ModelMultipleChoiceField(
        queryset=Upload.objects.all(), required=False, widget=forms.MultipleHiddenInput
    )
    pictures = MultipleFileField(label=_("Pictures"), required=False)
    algorithm = forms.ChoiceField(
        label=_("Algorithm"), required=False, choices=[(name, name) for name in ALGORITHMS]
    )
    hashes = forms.CharField(
        label=_("Hashes"),
        required=False,
        max_length=20_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "mod-mono"}),
        help_text=_("Hexadecimal, one a line, as imagehash and the PDQ tools print them."),
    )
    reject_too = forms.BooleanField(
        label=_("Reject these uploads as well"),
        required=False,
        help_text=_("In the words of the blocklist's policy text, as your decision."),
    )

    field_order = ("uploads", "pictures", "algorithm", "hashes", "blocklist", "reason", "reject_too")

    def __init__(self, *args: Any, may_allow: bool, **kwargs: Any) -> None:
        """Leave out the lists whose action this moderator may not bring about."""
        super().__init__(*args, **kwargs)
        if not may_allow:
            field = self.fields["blocklist"]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = Blocklist.objects.exclude(action=Blocklist.Action.ALLOW)
        formats = get_settings().formats
        self.fields["pictures"].widget.attrs["accept"] = ",".join(f"image/{name.lower()}" for name in formats)

    def clean_uploads(self) -> Any:
        """Return the uploads, not more than a page can show."""
        uploads = self.cleaned_data["uploads"]
        if len(uploads) > MOST_UPLOADS:
            raise ValidationError(_("Choose at most %(most)s uploads."), params={"most": MOST_UPLOADS})
        return uploads

    def clean_hashes(self) -> list[bytes]:
        """Return codes; raise :class:`ValidationError` with the line that is none."""
        algorithm = self.cleaned_data.get("algorithm") or next(iter(ALGORITHMS))
        codes = []
        for number, line in enumerate(self.cleaned_data["hashes"].splitlines(), start=1):
            if not line.strip():
                continue
            try:
                codes.append(_bannable(algorithm, line))
            except ValueError as error:
                raise ValidationError(
                    _("Line %(line)s: %(error)s"), params={"line": number, "error": error}
                ) from error
        return codes

    def clean(self) -> dict[str, Any]:
        """Check that there is something to ban."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not (data["uploads"] or data["pictures"] or data["hashes"]):
            raise ValidationError(_("Give a picture, a hash or an upload to ban."))
        return data

    def sources(self) -> list[Source]:
        """Return everything that was given. A file is read up to one byte more than is taken."""
        data = self.cleaned_data
        most = get_settings().max_bytes + 1
        return [
            *data["uploads"],
            *(_file(file, most) for file in data["pictures"]),
            *(Hash(data["algorithm"] or next(iter(ALGORITHMS)), code) for code in data["hashes"]),
        ]

    def common(self, *, actor_id: str) -> Common:
        """Return what the drafts share."""
        return Common(
            blocklist=self.cleaned_data["blocklist"],
            options=self.options(),
            actor_id=actor_id,
            reject_too=self.cleaned_data["reject_too"],
        )


def _bannable(algorithm: str, line: str) -> bytes:
    code = parse_code(algorithm, line)
    if nearly_constant(code):
        raise ValueError(NEARLY_CONSTANT)
    return code


def _file(file: UploadedFile[Any], most: int) -> File:
    return File(file.name or "", file.read(most))


class EntryForm(forms.Form):
    """Settings of an active entry that can be changed."""

    exact_only = forms.BooleanField(label=_("Exact copies only"), required=False)
    suspended = forms.BooleanField(
        label=_("Suspended to hold"),
        required=False,
        help_text=_("Copies are held for a moderator instead of being rejected."),
    )
    local = forms.ChoiceField(
        label=_("Crops, rotations, collages"),
        required=False,
        choices=[("", _("as its list says")), *BannedImage.Local.choices],
        help_text=_("It can only be less than what its list allows."),
    )
    expires_at = forms.DateTimeField(
        label=_("Expires"),
        required=False,
        input_formats=DATE_FORMATS,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    radii = RadiiField(label=_("Own radii"), required=False)
    note = forms.CharField(label=_("Note"), required=False, max_length=500)

    def settings(self) -> dict[str, Any]:
        """Return arguments for :func:`moderation.services.blocklists.blocklist.change_entry`."""
        data = self.cleaned_data
        return {
            "exact_only": data["exact_only"],
            "suspended": data["suspended"],
            "local": data["local"],
            "expires_at": data["expires_at"],
            "radii": data["radii"] or None,
        }


class OverturnForm(forms.Form):
    """What shall follow from “this was wrong”."""

    REMEDIES = (
        ("retire", _("Retire the entry")),
        ("narrow", _("Narrow its radii")),
        ("exact", _("Ban exact copies only from now on")),
        ("keep", _("Leave the entry as it is")),
    )
    remedy = forms.ChoiceField(label=_("The entry"), choices=REMEDIES, widget=forms.RadioSelect)
    radii = RadiiField(label=_("New radii"), required=False)
    allow = forms.BooleanField(
        label=_("Put this upload's picture on the allowlist"),
        required=False,
        help_text=_(
            "Exact copies of it pass from now on, and near ones that are nearer to it than to what is banned."
        ),
    )
    restore = forms.ModelMultipleChoiceField(queryset=Upload.objects.all(), required=False)
    note = forms.CharField(
        label=_("Why"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def clean(self) -> dict[str, Any]:
        """Check that there are radii where narrowing is chosen."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("remedy") == "narrow" and not data.get("radii") and "radii" not in self.errors:
            self.add_error("radii", _("Give the radii that the entry shall have from now on."))
        return data
