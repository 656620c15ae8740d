"""Storages in S3, or what speaks like it: ``S3_PUBLIC_BUCKET`` and ``S3_QUARANTINE_BUCKET`` switch it on."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

BACKEND = "storages.backends.s3.S3Storage"


def storages() -> dict[str, dict[str, Any]]:
    """Return entries of ``STORAGES``; empty where no bucket is named.

    Keys come from where boto3 looks for them (``AWS_ACCESS_KEY_ID`` …, or the machine's role).
    ``S3_ENDPOINT_URL`` and ``S3_REGION`` name the server, ``S3_PUBLIC_DOMAIN`` what serves the public bucket.
    """
    public, quarantine = os.environ.get("S3_PUBLIC_BUCKET", ""), os.environ.get("S3_QUARANTINE_BUCKET", "")
    if not (public or quarantine):
        return {}
    if not (public and quarantine) or public == quarantine:
        raise ImproperlyConfigured(
            "S3_PUBLIC_BUCKET and S3_QUARANTINE_BUCKET must name two buckets: what is not published must not "
            "lie where everybody may read."
        )
    shown = {
        "BACKEND": BACKEND,
        "OPTIONS": {
            **_common(public),
            "querystring_auth": False,
            "custom_domain": os.environ.get("S3_PUBLIC_DOMAIN") or None,
            "object_parameters": {"CacheControl": "public, max-age=3600"},
        },
    }
    hidden = {"BACKEND": BACKEND, "OPTIONS": {**_common(quarantine), "querystring_auth": True}}
    return {"default": shown, "moderation_public": shown, "moderation_quarantine": hidden}


def origins() -> list[str]:
    """Return where browsers load published pictures from, for a content security policy; empty without buckets."""
    if not storages():
        return []
    if domain := os.environ.get("S3_PUBLIC_DOMAIN"):
        return [f"https://{domain}"]
    if endpoint := os.environ.get("S3_ENDPOINT_URL"):
        where = urlsplit(endpoint)
        return [f"{where.scheme}://{where.netloc}"]
    bucket, region = os.environ["S3_PUBLIC_BUCKET"], os.environ.get("S3_REGION", "")
    hosts = ["s3.amazonaws.com", *([f"s3.{region}.amazonaws.com"] if region else [])]
    return [f"https://{bucket}.{host}" for host in hosts]


def _common(bucket: str) -> dict[str, Any]:
    return {
        "bucket_name": bucket,
        "endpoint_url": os.environ.get("S3_ENDPOINT_URL") or None,
        "region_name": os.environ.get("S3_REGION") or None,
        # The bucket's own policy decides, not each object.
        "default_acl": None,
        # A name that is taken must not be written over.
        "file_overwrite": False,
    }
