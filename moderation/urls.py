"""The app's own addresses: private media, for moderators."""

from __future__ import annotations

from django.urls import path

from moderation import views

app_name = "moderation"

urlpatterns = [
    path("media/upload/<int:pk>/", views.upload_picture, name="upload-picture"),
    path("media/evidence/<int:pk>/", views.evidence_picture, name="evidence-picture"),
]
