# The runnable site: web server, Celery worker and beat from one image; compose.yaml says which.
# Built from the lock files, nothing unpinned; runs as nobody in particular, writes only to /data.

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/venv
COPY requirements-site.lock requirements-build.lock ./
# pybktree is published as source only: it is built with what the lock names.
RUN /opt/venv/bin/pip install --require-hashes --requirement requirements-build.lock \
 && /opt/venv/bin/pip install --require-hashes --no-build-isolation --requirement requirements-site.lock

FROM python:3.13-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/app:/app/site \
    DJANGO_SETTINGS_MODULE=config.settings \
    STATE_DIR=/data \
    HOST=0.0.0.0 \
    LOG_FORMAT=json
RUN groupadd --gid 10001 moderation \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin moderation \
 && install -d -o moderation -g moderation -m 0700 /data
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY manage.py ./
COPY moderation ./moderation
COPY templates ./templates
COPY site ./site
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["gunicorn", "--config", "python:config.gunicorn", "config.wsgi"]
