"""Bans by hash alone: no picture, so no evidence, no exact copies, and one orientation."""

from __future__ import annotations

from moderation.domain.algorithms import algorithm_named
from moderation.domain.analysis import Analysis, Code, Probe
from moderation.domain.fingerprints import nearly_constant
from moderation.exceptions import FlatPicture
from moderation.models import BanDraft, BannedImage, Blocklist, Fingerprint
from moderation.services import revision
from moderation.services.blocklists.banning import BanResult, EntryOptions, already_there, asked_by, entered
from moderation.services.blocklists.drafting import confirmed, foresee, needs_second, wait
from moderation.services.blocklists.enrolment import Picture


def analysis_of_code(*, algorithm: str, bits: bytes) -> Analysis:
    """Return what is known of a picture whose hash is all that there is.

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
    *,
    algorithm: str,
    bits: bytes,
    blocklist: Blocklist,
    actor_id: str = "",
    options: EntryOptions,
    draft: BanDraft | None = None,
    constant: bool = False,
) -> BanResult:
    """Ban what has this hash. An active entry of the list with the same code is named instead. It waits for a second
    person where :func:`~moderation.services.blocklists.banning.ban` would.

    Raises :class:`UnknownAlgorithm`, and :class:`FlatPicture` for a code whose bits are nearly all equal,
    unless ``constant`` takes these as well.
    """
    if not constant and nearly_constant(bits):
        raise FlatPicture
    qualified = algorithm_named(algorithm).qualified
    picture = Picture(analysis_of_code(algorithm=algorithm, bits=bits), f"hash:{qualified}")
    present = BannedImage.objects.active().filter(
        blocklist=blocklist,
        fingerprints__algorithm=qualified,
        fingerprints__bits=bits,
    )
    reach = foresee(picture, blocklist=blocklist, options=options)
    if needs_second(reach) and not confirmed(draft) and not present.exists():
        waiting = wait(picture, blocklist=blocklist, options=options, actor_id=actor_id, draft=draft)
        return BanResult(None, False, revision.current().number, reach=reach, waiting=waiting)
    with revision.exclusive_change() as change:
        same = present.first()
        if same is not None:
            return already_there(same, change, options=options, actor_id=actor_id)
        banned = BannedImage.objects.create(
            blocklist=blocklist,
            label=options.label[:200],
            reason=options.reason[:200],
            source=picture.source,
            radii=dict(options.radii) if options.radii else None,
            revision=change.revision,
            expires_at=options.expires_at,
            created_by=actor_id,
        )
        Fingerprint.objects.create(banned=banned, algorithm=qualified, bits=bits, revision=change.revision)
        rescan = entered(banned, change, options=options, detail=asked_by(draft))
    return BanResult(banned, True, change.revision, rescan_id=rescan.pk, reach=reach)
