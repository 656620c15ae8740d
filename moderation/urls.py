"""The app's own addresses: private media for moderators, probes for machines."""

from __future__ import annotations

from django.urls import path

from moderation import probes, views

app_name = "moderation"

urlpatterns = [
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
    path("metrics", probes.metrics, name="metrics"),
    path("media/upload/<int:pk>/", views.upload_picture, name="upload-picture"),
    path("media/overlay/<int:pk>/", views.overlay_picture, name="overlay-picture"),
    path("media/evidence/<int:pk>/", views.evidence_picture, name="evidence-picture"),
    path("media/draft/<int:pk>/", views.draft_picture, name="draft-picture"),
]
