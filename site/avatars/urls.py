"""The members' addresses. Signing in and out are ``login`` and ``logout`` of django.contrib.auth."""

from __future__ import annotations

from django.urls import path, re_path

from avatars.views.accounts import sign_up
from avatars.views.members import member, members
from avatars.views.notices import notices
from avatars.views.profile import profile, remove_picture
from avatars.views.reports import report, report_answer
from avatars.views.uploads import review, status

app_name = "avatars"

# Both patterns take only what can exist: a NUL byte in an address must not reach the database.
USERNAME = r"(?P<username>[\w.@+-]{1,150})"
REFERENCE = r"(?P<reference>[0-9A-Za-z-]{4,20})"

urlpatterns = [
    path("", members, name="members"),
    path("join/", sign_up, name="sign_up"),
    path("me/", profile, name="profile"),
    path("me/picture/remove/", remove_picture, name="remove_picture"),
    path("me/notices/", notices, name="notices"),
    re_path(rf"^me/pictures/{REFERENCE}/status/$", status, name="upload_status"),
    re_path(rf"^me/pictures/{REFERENCE}/review/$", review, name="review"),
    re_path(rf"^members/{USERNAME}/$", member, name="member"),
    re_path(rf"^members/{USERNAME}/report/$", report, name="report"),
    re_path(rf"^reports/{REFERENCE}/$", report_answer, name="report_answer"),
]
