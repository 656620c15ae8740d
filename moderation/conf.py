"""The one setting, ``MODERATION``: a dict, read into a frozen dataclass and validated as a whole.

Keys are the field names of :class:`Settings` in capitals. A wrong key or a wrong value raises
:class:`django.core.exceptions.ImproperlyConfigured`, which names it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from ipaddress import ip_network
from typing import Any, get_args, get_origin, get_type_hints

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from moderation.domain.algorithms import ALGORITHMS
from moderation.domain.analysis import DEFAULT_FORMATS, AnalysisOptions, Limits, Publishing

MAY_BE_OFF = ("housekeeping_seconds", "uploads_per_minute", "pending_at_once")
"""Numbers of which 0 means never, or no limit."""
MOST_DELAY = 144
PUBLIC_ADDRESSES = "public"
"""All that are reachable for everybody."""
LEAST_SECRET = 24
"""Characters of a secret part of an address."""
KEEP: Mapping[str, int | None] = {
    "rejected": 184,
    "held": None,
    "withdrawn": 30,
    "refused": 7,
    "evidence": None,
    "notices": 365,
    "personal": None,
}
"""Defaults of ``RETENTION``, in days after the last change of status: the private files and fingerprints
of ``rejected``, ``held`` and ``withdrawn`` uploads, what a ``refused`` one left, the ``evidence`` of
retired entries, ``notices`` to owners, and ``personal`` data beside the history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a host can set, with the default for one machine."""

    dispatcher: str = "moderation.dispatch.inline.InlineDispatcher"
    """Dotted path of the class that wakes up screening."""
    algorithms: tuple[str, ...] = ("dhash256", "phash256")
    """Fingerprints that are computed and compared, without version."""
    radii: Mapping[str, tuple[int | None, int]] = field(default_factory=dict)
    """Algorithm → (block radius or None, hold radius); what is not named keeps its measured default."""
    max_bytes: int = 20 * 1024 * 1024
    """Largest file that is taken."""
    max_pixels: int = 40_000_000
    """Largest width × height that is taken."""
    max_frames: int = 1_000
    """Longest animation that is taken."""
    formats: tuple[str, ...] = DEFAULT_FORMATS
    """Pillow's names of the formats that are taken."""
    publish_max_side: int = 1024
    """Longest side of a published picture, in pixels."""
    publish_animated: bool = True
    """Whether animations stay animated."""
    publish_frame_cap: int = 60
    """Longer animations are published as a still of their first frame."""
    publish_transparency: bool = False
    """Whether published pictures keep an alpha channel; off, they are laid on white, or where the drawing would not show on it on grey or black. A picture can be made that
    shows on a grey page what it shows neither on white nor on black."""
    publish_quality: int = 85
    """Quality of published JPEG and WebP files."""
    quarantine_storage: str = "moderation_quarantine"
    """Alias in ``STORAGES`` for what is not published."""
    public_storage: str = "moderation_public"
    """Alias in ``STORAGES`` for what is; ``default`` where this alias is not configured."""
    seal_key: str = ""
    """Key of the audit seals; derived from ``SECRET_KEY`` where empty."""
    seal_key_fallbacks: tuple[str, ...] = ()
    """Keys of before, the newest first: what was sealed with them still verifies."""
    lease_seconds: int = 60
    """How long a worker may hold an upload before another takes it."""
    max_attempts: int = 3
    """Failed decodings after which an upload is held for a moderator."""
    index_gap: int = 256
    """Newest codes that are compared one by one under the lock; a larger gap starts the match again."""
    index_dir: str = ""
    """Folder for packed index files; none are used where empty."""
    sandbox_seconds: float = 5.0
    """Processor time for one picture; of wall time it has six times as much."""
    sandbox_memory_mb: int = 1024
    """Address space of a decoder process."""
    sandbox_workers: int = 2
    """Decoder processes per process of the site."""
    sandbox_recycle: int = 200
    """Pictures after which a decoder process is replaced."""
    confirm_reach: int = 100
    """Earlier uploads that a ban may hit before a second moderator has to confirm it."""
    lowering_delay_hours: int = 24
    """How long what lowers the shield has to wait where only one account may do that, and so nobody can confirm it; at
    most 144."""
    valve_users: int = 50
    """An entry that rejects pictures of so many users within an hour is suspended to hold until a senior
    moderator has looked."""
    local: bool = field(default_factory=lambda: find_spec("cv2") is not None)
    """Whether the second tier (crops, rotations, collages) runs; by default where its extra is there."""
    local_reach: bool = True
    """Whether the second tier's signatures of uploads are kept, so that a later ban reaches back."""
    retention: Mapping[str, int | None] = field(default_factory=dict)
    """What is kept for how many days, see :data:`KEEP`; None keeps it for good."""
    appeal_days: int = 184
    """Days after a rejection within which its uploader may ask for a review; six months, the longest of them. What
    ``RETENTION`` keeps of rejected uploads has to last as long."""
    uploads_per_minute: int = 20
    """What one uploader may send in the minute that begins with the first, refused files included; 0 for
    no limit. Keeps the filter from being flooded, and from being asked until it says yes."""
    pending_at_once: int = 10
    """Uploads of one uploader that may wait for their verdict; 0 for no limit. Those of one transaction count once."""
    staff_exempt: bool = False
    """Whether uploaders with ``is_staff`` have neither limit: for a desk that adds pictures by the dozen."""
    pending_alarm_seconds: int = 300
    """Age of the oldest pending upload from which on `/readyz` says no."""
    metrics_token: str = ""
    """Who reads the metrics sends it as ``Authorization: Bearer``; where empty, only this machine may."""
    outgoing_requests: tuple[str, ...] = ()
    """Whether webhooks are sent and pictures fetched from where a client says: ``("public",)`` for all public addresses,
    with or instead of it networks of your own (``10.1.0.0/24``). Empty: nothing is ever asked."""
    hma_clients: Mapping[str, str] = field(default_factory=dict)
    """Clients of Hasher-Matcher-Actioner that send no key: a network (``10.1.0.0/24``), or a secret of 24 characters or
    more that stands in their base address (``/hma-SECRET``) → the name of the API key that they act with."""
    housekeeping_seconds: int = 30
    """Pause between two rounds of periodic work after requests, with inline dispatch; 0 turns it off."""

    def kept_days(self) -> dict[str, int | None]:
        """Return :data:`KEEP` with what the site changed."""
        return {**KEEP, **self.retention}

    def limits(self) -> Limits:
        """Return what is refused before decoding."""
        return Limits(
            max_bytes=self.max_bytes,
            max_pixels=self.max_pixels,
            max_frames=self.max_frames,
            formats=self.formats,
            published_frames=self.publish_frame_cap if self.publish_animated else 1,
        )

    def analysis(self, *, clean: bool = False, evidence: bool = False, local: bool = True) -> AnalysisOptions:
        """Return options for one decoding."""
        return AnalysisOptions(
            algorithms=self.algorithms,
            limits=self.limits(),
            publishing=Publishing(
                max_side=self.publish_max_side,
                animated=self.publish_animated,
                frame_cap=self.publish_frame_cap,
                quality=self.publish_quality,
                transparency=self.publish_transparency,
            ),
            want_clean=clean,
            want_evidence=evidence,
            every_frame=evidence,
            want_local=local and self.local,
        )


def _fits(value: object, hint: Any) -> bool:
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    origin = get_origin(hint)
    if origin is tuple:
        return isinstance(value, list | tuple) and all(isinstance(part, get_args(hint)[0]) for part in value)
    if origin is Mapping:
        return isinstance(value, dict)
    return isinstance(value, origin or hint)


def _read(raw: Mapping[str, Any]) -> Settings:
    hints = get_type_hints(Settings)
    values: dict[str, Any] = {}
    for key, value in raw.items():
        name = key.lower()
        if name not in hints or key != key.upper():
            known = ", ".join(sorted(hint.upper() for hint in hints))
            raise ImproperlyConfigured(f'MODERATION["{key}"] is not a setting. There are: {known}.')
        if not _fits(value, hints[name]):
            raise ImproperlyConfigured(f'MODERATION["{key}"] must be a {hints[name]}, not {value!r}.')
        values[name] = tuple(value) if isinstance(value, list) else value
    settings = Settings(**values)
    _validate(settings)
    return settings


def _validate(settings: Settings) -> None:
    for entry in dataclasses.fields(settings):
        value = getattr(settings, entry.name)
        if isinstance(value, int) and value < (0 if entry.name in MAY_BE_OFF else 1):
            if entry.type in ("bool", bool):
                continue
            raise ImproperlyConfigured(f'MODERATION["{entry.name.upper()}"] must be positive, not {value}.')
    if not settings.algorithms:
        raise ImproperlyConfigured('MODERATION["ALGORITHMS"] is empty: nothing would ever be found.')
    for name in (*settings.algorithms, *settings.radii):
        if name not in ALGORITHMS:
            raise ImproperlyConfigured(
                f'MODERATION names the algorithm "{name}". There are: {", ".join(ALGORITHMS)}.'
            )
    kept: Mapping[str, Any] = settings.retention
    for name, days in kept.items():
        if name not in KEEP or not (days is None or (isinstance(days, int) and days >= 0)):
            raise ImproperlyConfigured(
                f'MODERATION["RETENTION"]["{name}"] = {days!r}: give a number of days, or None, for '
                f"{', '.join(KEEP)}."
            )
    _check_delay(settings.lowering_delay_hours)
    _check_clients(settings.hma_clients)
    _check_networks(settings.outgoing_requests)
    for name, band in settings.radii.items():
        check_band(name, band, where=f'MODERATION["RADII"]["{name}"]')


def _check_delay(hours: int) -> None:
    if hours > MOST_DELAY:
        raise ImproperlyConfigured(
            f'MODERATION["LOWERING_DELAY_HOURS"] must be at most {MOST_DELAY}: what waits is dropped after a week.'
        )


def _check_networks(networks: tuple[str, ...]) -> None:
    for network in networks:
        try:
            network == PUBLIC_ADDRESSES or ip_network(network)
        except ValueError:
            raise ImproperlyConfigured(
                f'MODERATION["OUTGOING_REQUESTS"] has {network!r}: give "{PUBLIC_ADDRESSES}", or a network such as 10.1.0.0/24.'
            ) from None


def _check_clients(clients: Mapping[str, Any]) -> None:
    for client, name in clients.items():
        try:
            ip_network(client)
        except ValueError:
            if len(str(client)) < LEAST_SECRET or not str(client).replace("-", "").replace("_", "").isalnum():
                raise ImproperlyConfigured(
                    f'MODERATION["HMA_CLIENTS"] has {client!r}: give a network such as 10.1.0.0/24, or a secret of at '
                    f"least {LEAST_SECRET} letters, digits, - and _."
                ) from None
        if not isinstance(name, str) or not name:
            raise ImproperlyConfigured(
                f'MODERATION["HMA_CLIENTS"][{client!r}] has to be the name of an API key.'
            )


def check_band(algorithm: str, band: Any, *, where: str) -> None:
    """Raise :class:`ImproperlyConfigured` unless ``band`` is (block or None, hold) in order and in range."""
    bits = ALGORITHMS[algorithm].bits
    if not isinstance(band, list | tuple) or len(band) != 2:
        raise ImproperlyConfigured(f"{where} must be a pair (block, hold), not {band!r}.")
    block, hold = band
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in (block or 0, hold))
    if not whole or not 0 <= (block or 0) <= hold <= bits:
        raise ImproperlyConfigured(f"{where} must have 0 ≤ block ≤ hold ≤ {bits}, not {band!r}.")


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the validated settings, read once."""
    raw = getattr(django_settings, "MODERATION", {})
    if not isinstance(raw, dict):
        raise ImproperlyConfigured(f"MODERATION must be a dict, not {type(raw).__name__}.")
    return _read(raw)


def _forget(*, setting: str, **_kwargs: object) -> None:
    if setting == "MODERATION":
        get_settings.cache_clear()


setting_changed.connect(_forget, dispatch_uid="moderation.conf")
