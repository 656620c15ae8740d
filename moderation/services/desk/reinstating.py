"""A retired entry is banned again, as a new entry: no index has to bring one back to life."""

from __future__ import annotations

from django.utils import timezone

from moderation import selectors, storage
from moderation.domain.analysis import Encoded
from moderation.exceptions import DecisionRefused, LoweringNeedsTwo
from moderation.models import BannedImage, BlocklistChange, Decision, Fingerprint
from moderation.models.blocklist import BannedImageQuerySet
from moderation.services import files, revision
from moderation.services.blocklists.blocklist import reach_back
from moderation.services.blocklists.lowering import Consent, entering_lowers, guard
from moderation.services.history import decisions
from moderation.services.rescans.rescreening import FORMATS
from moderation.services.search import evidence as signs
from moderation.services.search import local


def reinstate(
    *, banned_id: int, actor_id: str, undoes_id: int | None = None, consent: Consent | None = None
) -> BannedImage:
    """Ban again what was retired, with the same codes; return the new entry. Raises :class:`DecisionRefused` for one that is active, or was banned again already."""
    old = BannedImage.objects.filter(pk=banned_id).first()
    if old is None or old.active:
        raise DecisionRefused("This entry is not retired.")
    evidence = _copy_of(old.evidence)
    try:
        return _again(old, evidence, actor_id=actor_id, undoes_id=undoes_id, consent=consent)
    except (DecisionRefused, LoweringNeedsTwo):
        if evidence:
            storage.quarantine().delete(evidence)
        raise


def _again(
    old: BannedImage, evidence: str, *, actor_id: str, undoes_id: int | None, consent: Consent | None
) -> BannedImage:
    with revision.exclusive_change() as change:
        if _copies(old).active().exists():
            raise DecisionRefused("This entry was banned again already.")
        banned = BannedImage.objects.select_related("blocklist").get(pk=old.pk)
        lowers = undoes_id is None and entering_lowers(banned.blocklist)
        asked = guard(lowers=lowers, actor_id=actor_id, consent=consent)
        banned.pk = None
        banned._state.adding = True
        banned.evidence, banned.revision = evidence, change.revision
        banned.retired_revision = banned.retired_at = None
        banned.created_at, banned.created_by = timezone.now(), actor_id
        banned.expires_at = None
        banned.save(force_insert=True)
        Fingerprint.objects.bulk_create(
            Fingerprint(
                banned=banned,
                algorithm=code.algorithm,
                bits=code.bits,
                variant=code.variant,
                revision=change.revision,
            )
            for code in old.fingerprints.all()
        )
        local.copy_signatures(old, banned, at_revision=change.revision)
        signs.copy_signs(old, banned)
        change.record(
            kind=BlocklistChange.Kind.BAN,
            blocklist=banned.blocklist.slug,
            banned_id=banned.pk,
            actor_id=actor_id,
            detail={"source": banned.source, "again": old.pk, **asked},
            entries=selectors.tightening().filter(pk=banned.pk).count(),
        )
        decisions.record(
            kind=Decision.Kind.BAN,
            actor_id=actor_id,
            banned_id=banned.pk,
            revision=change.revision,
            reason="again",
            undoes_id=undoes_id,
        )
        reach_back(change, banned=banned, reach=True)
    return banned


def _copies(old: BannedImage) -> BannedImageQuerySet:
    """Return the entries that it was banned again as."""
    since = BlocklistChange.objects.filter(
        revision__gt=old.retired_revision or 0, kind=BlocklistChange.Kind.BAN, detail__again=old.pk
    )
    return BannedImage.objects.filter(pk__in=since.values("banned_id"))


def _copy_of(name: str) -> str:
    if not name:
        return ""
    try:
        data = storage.read(storage.quarantine(), name)
    except FileNotFoundError:
        return ""
    format_name = FORMATS.get(name.rpartition(".")[2], "JPEG")
    return files.keep_private(Encoded(data, format_name, 0, 0), folder="evidence")
