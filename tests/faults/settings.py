"""The site's own settings, in every process of a deployment under test.

``MODERATION_OVERRIDES`` (JSON) changes single settings; the decoder's function is one that a picture
of the tests can tell to misbehave.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace

from config.settings import *  # noqa: F403
from config.settings import MODERATION
from moderation.domain.sandbox import jobs

MODERATION.update({"UPLOADS_PER_MINUTE": 0, "PENDING_AT_ONCE": 0})
MODERATION.update(json.loads(os.environ.get("MODERATION_OVERRIDES", "{}")))
RATELIMIT_ENABLE = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

assert isinstance(jobs.JOBS, dict)
jobs.JOBS[jobs.ANALYSE.name] = replace(jobs.ANALYSE, target="tests.faults.decoder:analyse")


if skew := float(os.environ.get("CLOCK_SKEW", "0")):
    from tests.faults import clock

    clock.shift(skew)
