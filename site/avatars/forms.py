"""What members type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User

from avatars.models import Profile
from avatars.upload_limits import upload_limits

if TYPE_CHECKING:
    UserForm = UserCreationForm[User]
    ModelForm = forms.ModelForm[Profile]
else:
    UserForm, ModelForm = UserCreationForm, forms.ModelForm


class SignUpForm(UserForm):
    """A name and a password are enough."""

    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].help_text = "Letters, digits and @ . + - _"
        self.fields["password1"].help_text = "At least eight characters, and not only digits."
        self.fields["password2"].label = "Password again"
        self.fields["password2"].help_text = ""


class ProfileForm(ModelForm):
    """Text and picture of a profile in one form.

    ``picture`` is a plain file field, not ``forms.ImageField``: that one would open the bytes in this
    process, and bytes from outside are opened in the sandbox only. Empty files pass as well, so that
    the door refuses (and records) them like every other bad file.
    """

    picture = forms.FileField(
        required=False,
        allow_empty_file=True,
        label="New picture",
        widget=forms.FileInput,
    )

    class Meta:
        model = Profile
        fields = ("display_name", "about", "listed")
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "display_name": forms.TextInput(attrs={"autocomplete": "nickname"}),
            "about": forms.Textarea(attrs={"rows": 4}),
        }
        help_texts: ClassVar[dict[str, str]] = {
            "display_name": "What others call you. Left empty, it is your user name.",
            "about": "A few sentences, at most 500 characters.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["picture"].widget.attrs["accept"] = upload_limits().accept

    def save(self, commit: bool = True) -> Profile:
        """Write the texts that were changed, only: ``avatar`` may have changed since this row was read."""
        changed = [name for name in self.Meta.fields if name in self.changed_data]
        if commit and changed:
            self.instance.save(update_fields=changed)
        return self.instance


class ReviewForm(forms.Form):
    """One sentence to the moderators."""

    text = forms.CharField(
        max_length=1000,
        label="Why do you think the decision is wrong?",
        help_text="A sentence or two. A moderator who did not decide before will read it.",
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class ReportForm(forms.Form):
    """What is wrong with a picture, in a sentence."""

    text = forms.CharField(
        max_length=1000,
        label="What is wrong with this picture?",
        help_text="A sentence or two. A moderator will read it; the member will not know who wrote it.",
        widget=forms.Textarea(attrs={"rows": 5}),
    )
