"""The site's own settings; ``MODERATION_OVERRIDES`` (JSON) changes single ones."""

from __future__ import annotations

import json
import os

from config.settings import *  # noqa: F403
from config.settings import MODERATION

MODERATION.update(json.loads(os.environ.get("MODERATION_OVERRIDES", "{}")))
