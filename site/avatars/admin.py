"""Profiles in the admin. The picture is shown, never edited: only moderation writes that column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from avatars.models import Profile
from moderation.admin.mixins import BanPicturesMixin

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Profile]
else:
    ModelAdmin = admin.ModelAdmin


@admin.register(Profile)
class ProfileAdmin(BanPicturesMixin, ModelAdmin):
    """Text of members."""

    ban_field = "avatar"
    list_display = ("name", "user", "listed")
    list_filter = ("listed",)
    list_select_related = ("user",)
    search_fields = ("display_name", "user__username")
    readonly_fields = ("user", "avatar")
