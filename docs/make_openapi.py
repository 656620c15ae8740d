"""Write ``docs/reference/openapi.json``, the document that the HTTP API serves: ``python docs/make_openapi.py``."""

from __future__ import annotations

import json
import os
from pathlib import Path

PLACE = Path(__file__).parent / "reference" / "openapi.json"


def document() -> str:
    """Return the document as text. Django has to be set up."""
    from moderation.http.v1.service import api

    return json.dumps(api.get_openapi_schema(path_prefix="v1/"), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    PLACE.write_text(document(), encoding="utf-8")
