"""Another server that calls the HTTP API, with a key of its own."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from moderation.models import ApiKey, Blocklist
from moderation.services.access import keys

ALL = ("screen", "upload", "match", "curate")


class Caller:
    """A client that shows a key with every request; errors of ours come back as 500 and are not raised."""

    def __init__(
        self, *scopes: str, tenant: str = "", name: str = "", per_minute: int = 0, lower: bool = False
    ) -> None:
        name = name or f"{tenant or 'site'}-{ApiKey.objects.count()}"
        self.key = keys.create(name=name, scopes=scopes or ALL, tenant=tenant, per_minute=per_minute)
        if lower:
            # As two people would grant it.
            ApiKey.objects.filter(pk=self.key.pk).update(scopes=[*self.key.scopes, "lower"])
        self.client = Client(
            raise_request_exception=False, headers={"Authorization": f"Bearer {self.key.token}"}
        )

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, **options)

    def delete(self, path: str, **options: Any) -> Any:
        return self.client.delete(path, **options)

    def raw(self, path: str, data: bytes, content_type: str = "image/jpeg", **headers: str) -> Any:
        # The test client leaves the type of an empty body out.
        return self.client.post(path, data, content_type, headers=headers, CONTENT_TYPE=content_type)

    def json(self, path: str, content: Any, **headers: str) -> Any:
        return self.client.post(path, content, content_type="application/json", headers=headers)

    def form(self, path: str, *files: bytes, field: str = "file") -> Any:
        sent = [SimpleUploadedFile(f"{n}.jpg", data, "image/jpeg") for n, data in enumerate(files)]
        return self.client.post(path, {field: sent})


def own_list(tenant: str, slug: str = "") -> Blocklist:
    """Make a blocklist of the tenant."""
    return Blocklist.objects.create(slug=slug or f"{tenant}-own", name="Own", tenant=tenant)
