"""For WSGI servers: ``gunicorn config.wsgi``."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from config.slow_bodies import with_deadline

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = with_deadline(get_wsgi_application())
