"""A tenant's pictures are compared with everybody's lists and its own, never with another tenant's."""

from __future__ import annotations

import pytest

from moderation.models import Blocklist, Upload
from moderation.services.blocklists import banning, enrolment
from moderation.services.blocklists.banning import EntryOptions
from moderation.services.rescans import rescan
from moderation.services.uploads import intake
from moderation.services.uploads.intake import Submitter, Target
from tests.pictures import encode, scene

pytestmark = pytest.mark.django_db(transaction=True)


def _list(tenant: str) -> Blocklist:
    return Blocklist.objects.create(slug=f"{tenant}-own", name="Own", tenant=tenant)


def _ban(blocklist: Blocklist, seed: int = 1) -> None:
    picture = enrolment.picture_from_bytes(encode(scene(seed)))
    banning.ban(picture=picture, blocklist=blocklist, options=EntryOptions())


def _send(tenant: str, seed: int = 1) -> Upload:
    upload = intake.submit(
        data=encode(scene(seed), quality=60), submitter=Submitter(tenant=tenant), target=Target()
    )
    upload.refresh_from_db()
    return upload


def test_a_list_counts_for_its_tenant_alone() -> None:
    _ban(_list("acme"))

    assert [_send(tenant).status for tenant in ("acme", "other", "")] == ["rejected", "approved", "approved"]


def test_the_site_s_own_lists_count_for_everybody() -> None:
    _ban(Blocklist.objects.get(slug="default"))

    assert [_send(tenant).status for tenant in ("acme", "other", "")] == ["rejected"] * 3


def test_a_ban_reaches_back_to_its_own_tenant_alone() -> None:
    uploads = [_send(tenant) for tenant in ("acme", "other", "")]
    assert {upload.status for upload in uploads} == {"approved"}

    _ban(_list("acme"))
    for rescan_id in rescan.unfinished():
        rescan.run(rescan_id=rescan_id)

    assert [Upload.objects.get(pk=upload.pk).status for upload in uploads] == [
        "rejected",
        "approved",
        "approved",
    ]


def test_one_tenant_s_allowlist_allows_nothing_of_another() -> None:
    _ban(Blocklist.objects.get(slug="default"))
    allowing = Blocklist.objects.create(slug="acme-fine", name="Fine", tenant="acme", action="allow")
    picture = enrolment.picture_from_bytes(encode(scene(1), quality=60))
    banning.allow(picture=picture, blocklist=allowing)

    assert [_send(tenant).status for tenant in ("acme", "other")] == ["approved", "rejected"]
