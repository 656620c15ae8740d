"""A picture goes onto a list: what is banned, or allowed, counts at the next verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import Q

from moderation import selectors, signals, storage
from moderation.domain.local import quality
from moderation.exceptions import DecisionRefused, FlatPicture, NeedsConfirmation
from moderation.models import (
    BanDraft,
    BannedImage,
    Blocklist,
    BlocklistChange,
    Decision,
    Fingerprint,
    Rescan,
)
from moderation.selectors.moderators import may_lower
from moderation.services import revision
from moderation.services.blocklists.blocklist import reach_back
from moderation.services.blocklists.drafting import EntryOptions as EntryOptions  # noqa: PLC0414 -- stands beside ban()
from moderation.services.blocklists.drafting import confirmed, foresee, needs_second, only_local, wait
from moderation.services.blocklists.enrolment import Picture, keep_evidence
from moderation.services.blocklists.lowering import acts_alone, entering_lowers
from moderation.services.blocklists.opposites import refuse_what_is_allowed
from moderation.services.blocklists.reach import Reach
from moderation.services.history import decisions
from moderation.services.revision import Change, database
from moderation.services.search import evidence as signs
from moderation.services.search import local
from moderation.services.search.index import banned_codes


@dataclass(frozen=True, slots=True)
class BanResult:
    """What became of a ban."""

    entry: BannedImage | None
    """None where it waits for a second person."""
    created: bool
    """False where the picture was on the list already, or the ban waits."""
    revision: int
    nearest_distance: int | None = None
    rescan_id: int | None = None
    warnings: tuple[str, ...] = ()
    """What makes it a poor ban for the second tier: ``few_keypoints``, ``uniform``, ``repeating``."""
    reach: Reach | None = None
    """What it was seen to hit among earlier uploads."""
    waiting: BanDraft | None = None
    """By which a second person confirms it at the desk."""

    @property
    def banned(self) -> BannedImage:
        """The entry. Raises :class:`NeedsConfirmation` where the ban waits."""
        if self.entry is None:
            raise NeedsConfirmation
        return self.entry


def ban(
    *,
    picture: Picture,
    blocklist: Blocklist,
    actor_id: str = "",
    options: EntryOptions,
    draft: BanDraft | None = None,
) -> BanResult:
    """Add a picture to a list (or to an allowlist, which is a list with the action ``allow``).

    A ban that would hit more than ``CONFIRM_REACH`` earlier uploads is put down and waits for a second person;
    made from a ``draft`` that waits, it is confirmed. So does whatever a person puts on a list that allows. One that shows a background that many people's pictures share
    may only hold by its parts.

    Raises :class:`FlatPicture` for a picture without structure, unless ``exact_only`` is asked for, and
    :class:`AllowedExactly` where an exact copy is allowed.
    What is on the list already, exactly or at distance 0 in every algorithm, adds no entry and raises
    no revision; the decision is recorded.
    """
    if picture.analysis.flat and not options.exact_only:
        raise FlatPicture
    _refuse_what_is_allowed(picture, blocklist)
    reach = foresee(picture, blocklist=blocklist, options=options)
    alone = acts_alone(actor_id) or not entering_lowers(blocklist)
    if (needs_second(reach) or not alone) and not confirmed(draft) and _same(picture, blocklist) is None:
        if not alone and not may_lower(actor_id):
            raise DecisionRefused("You may not put pictures on a list that allows them.")
        waiting = wait(picture, blocklist=blocklist, options=options, actor_id=actor_id, draft=draft)
        return BanResult(None, False, revision.current().number, reach=reach, waiting=waiting)
    options = replace(options, local=options.local or only_local(reach))
    return replace(_enter(picture, blocklist, actor_id, options, draft), reach=reach)


def _refuse_what_is_allowed(picture: Picture, blocklist: Blocklist) -> None:
    analysis = picture.analysis
    refuse_what_is_allowed(sha256=analysis.sha256, pixels=analysis.pixels, blocklist=blocklist)


def _enter(
    picture: Picture, blocklist: Blocklist, actor_id: str, options: EntryOptions, draft: BanDraft | None
) -> BanResult:
    features = local.features_of(picture.analysis)
    evidence = keep_evidence(picture) if blocklist.keep_evidence else ""
    used = False
    try:
        nearest, distance = _nearest(picture, blocklist)
        with revision.exclusive_change() as change:
            _refuse_what_is_allowed(picture, blocklist)
            same = _same(picture, blocklist)
            if same is not None:
                return already_there(
                    same, change, options=options, upload_id=picture.upload_id, actor_id=actor_id
                )
            banned = _insert(picture, blocklist, options, actor_id, evidence, nearest, change)
            local.enrol(banned, features, at_revision=change.revision)
            signs.enrol(banned, picture.analysis)
            used = True
            detail = {"exact_only": options.exact_only, **asked_by(draft)}
            detail |= {"local": options.local} if options.local else {}
            rescan = entered(banned, change, options=options, upload_id=picture.upload_id, detail=detail)
            warnings = tuple(
                dict.fromkeys(word for one in features for word in quality.warnings(one.signature))
            )
            return BanResult(banned, True, change.revision, distance, rescan.pk, warnings)
    finally:
        if evidence and not used:
            storage.quarantine().delete(evidence)


def _insert(
    picture: Picture,
    blocklist: Blocklist,
    options: EntryOptions,
    actor_id: str,
    evidence: str,
    nearest: int | None,
    change: Change,
) -> BannedImage:
    analysis = picture.analysis
    banned = BannedImage.objects.create(
        blocklist=blocklist,
        **options.columns(),
        source=picture.source[:100],
        sha256=analysis.sha256,
        pixels=analysis.pixels,
        flat=analysis.flat,
        local=options.local,
        evidence=evidence,
        nearest_id=nearest,
        revision=change.revision,
        expires_at=options.expires_at,
        created_by=actor_id,
    )
    Fingerprint.objects.bulk_create(
        Fingerprint(
            banned=banned,
            algorithm=code.algorithm,
            bits=code.bits,
            variant=code.variant[:80],
            revision=change.revision,
        )
        for code in analysis.enrolment
    )
    return banned


def asked_by(draft: BanDraft | None) -> dict[str, Any]:
    """Return who had asked for a ban that a second person confirmed, for the history."""
    return {"asked_by": draft.created_by} if draft is not None and confirmed(draft) else {}


def already_there(
    same: BannedImage, change: Change, *, options: EntryOptions, upload_id: int | None = None, actor_id: str
) -> BanResult:
    """Keep the decision to ban what an active entry stands for; the revision stays. Return that entry as the
    result."""
    decisions.record(
        kind=Decision.Kind.ALREADY_BANNED,
        actor_id=actor_id,
        banned_id=same.pk,
        upload_id=upload_id,
        revision=change.before.number,
        note=options.note,
    )
    return BanResult(same, False, change.before.number)


def entered(
    banned: BannedImage,
    change: Change,
    *,
    options: EntryOptions,
    upload_id: int | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Rescan:
    """Write down that an entry has come, and by whom; the search among earlier uploads that it starts."""
    change.record(
        kind=BlocklistChange.Kind.BAN,
        blocklist=banned.blocklist.slug,
        banned_id=banned.pk,
        actor_id=banned.created_by,
        detail={"source": banned.source, **(detail or {})},
        entries=selectors.tightening().filter(pk=banned.pk).count(),
    )
    decisions.record(
        kind=Decision.Kind.BAN,
        actor_id=banned.created_by,
        banned_id=banned.pk,
        upload_id=upload_id,
        revision=change.revision,
        reason=options.reason,
        note=options.note,
    )
    rescan = reach_back(change, banned=banned, reach=True)
    transaction.on_commit(
        lambda: signals.image_banned.send_robust(BannedImage, banned=banned, revision=change.revision),
        using=database(),
    )
    return rescan


def _same(picture: Picture, blocklist: Blocklist) -> BannedImage | None:
    """Return an active entry of the list with the same bytes, the same pixels, or distance 0 everywhere; None where
    there is none."""
    active = BannedImage.objects.active().filter(blocklist=blocklist)
    exact = active.filter(Q(sha256=picture.analysis.sha256) | Q(pixels=picture.analysis.pixels)).first()
    if exact is not None:
        return exact
    first = {code.algorithm: code.bits for code in reversed(picture.analysis.enrolment)}
    if not first:
        return None
    for algorithm, bits in first.items():
        active = active.filter(
            pk__in=Fingerprint.objects.filter(algorithm=algorithm, bits=bits).values("banned_id")
        )
    return active.first()


def _nearest(picture: Picture, blocklist: Blocklist) -> tuple[int | None, int | None]:
    """Return the nearest active entry of the same list within the widest hold radius."""
    hits = banned_codes.catch_up().search(picture.analysis.enrolment)
    mine = set(
        BannedImage.objects.active()
        .filter(pk__in={hit.banned for hit in hits}, blocklist=blocklist)
        .values_list("pk", flat=True)
    )
    near = [(hit.distance, hit.banned) for hit in hits if hit.banned in mine]
    if not near:
        return None, None
    distance, banned = min(near)
    return banned, distance


def allow(
    *,
    picture: Picture,
    blocklist: Blocklist | None = None,
    actor_id: str = "",
    note: str = "",
    draft: BanDraft | None = None,
) -> BanResult:
    """Put a picture on the allowlist: what it explains is never flagged. A flat picture is allowed as
    an exact copy. That one person may do so is for the caller to see to."""
    options = EntryOptions(note=note, exact_only=picture.analysis.flat)
    return _enter(picture, blocklist or selectors.blocklist_named("allowlist"), actor_id, options, draft)
