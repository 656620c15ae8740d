"""Bans by hash alone: no picture, so no evidence, no exact copies, and one orientation."""

from __future__ import annotations

from django.db import transaction

from moderation import signals
from moderation.domain.analysis import Analysis, Code, Probe
from moderation.domain.fingerprints import algorithm_named
from moderation.models import BannedImage, Blocklist, BlocklistChange, Decision, Fingerprint
from moderation.services import revision
from moderation.services.history import decisions
from moderation.services.lists.banning import BanResult, EntryOptions
from moderation.services.lists.blocklist import reach_back
from moderation.services.revision import database


def analysis_of_code(*, algorithm: str, bits: bytes) -> Analysis:
    """What is known of a picture whose hash is all that there is.

    Raises :class:`UnknownAlgorithm`.
    """
    code = Code(algorithm_named(algorithm).qualified, bits, 0, "")
    return Analysis(
        probe=Probe("", 0, 0, 0),
        sha256=b"",
        pixels=b"",
        queries=(code,),
        enrolment=(code,),
        quality=1.0,
        flat=False,
    )


def ban_code(
    *, algorithm: str, bits: bytes, blocklist: Blocklist, actor_id: str = "", options: EntryOptions
) -> BanResult:
    """Ban what has this hash. An active entry of the list with the same code is named instead.

    Raises :class:`UnknownAlgorithm`.
    """
    qualified = algorithm_named(algorithm).qualified
    with revision.changing() as change:
        same = BannedImage.objects.filter(
            blocklist=blocklist,
            retired_revision__isnull=True,
            fingerprints__algorithm=qualified,
            fingerprints__bits=bits,
        ).first()
        if same is not None:
            decisions.record(
                kind=Decision.Kind.ALREADY_BANNED,
                actor_id=actor_id,
                banned_id=same.pk,
                revision=change.before.number,
                note=options.note,
            )
            return BanResult(same, False, change.before.number)
        banned = BannedImage.objects.create(
            blocklist=blocklist,
            label=options.label[:200],
            reason=options.reason[:200],
            source=f"hash:{qualified}",
            radii=dict(options.radii) if options.radii else None,
            revision=change.revision,
            expires_at=options.expires_at,
            created_by=actor_id,
        )
        Fingerprint.objects.create(banned=banned, algorithm=qualified, bits=bits, revision=change.revision)
        change.record(
            kind=BlocklistChange.Kind.BAN,
            blocklist=blocklist.slug,
            banned_id=banned.pk,
            actor_id=actor_id,
            detail={"source": banned.source},
            entries=1,
        )
        decisions.record(
            kind=Decision.Kind.BAN,
            actor_id=actor_id,
            banned_id=banned.pk,
            revision=change.revision,
            reason=options.reason,
            note=options.note,
        )
        rescan = reach_back(change, banned=banned, reach=True)
        transaction.on_commit(
            lambda: signals.image_banned.send_robust(BannedImage, banned=banned, revision=change.revision),
            using=database(),
        )
    return BanResult(banned, True, change.revision, rescan_id=rescan.pk)
