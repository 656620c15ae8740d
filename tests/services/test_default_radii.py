"""Default radii follow the number of entries that can change a verdict, and of no others."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from django.core.management import call_command

from moderation import selectors
from moderation.domain.algorithms import LIST_SIZES
from moderation.domain.analysis import Code
from moderation.domain.policy import Judgement
from moderation.models import Blocklist, Rescan, Revision, UploadFingerprints
from moderation.services.blocklists import blocklist
from moderation.services.blocklists.banning import EntryOptions
from moderation.services.blocklists.codes import ban_code
from moderation.services.blocklists.imports import import_file
from moderation.services.search.matching import Subject, provisional
from tests import pictures
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)

MANY = LIST_SIZES[0] + 1
CODE = random.Random(5).randbytes(32)


def away(code: bytes, bits: int) -> bytes:
    """Return the code with so many bits turned over."""
    return (int.from_bytes(code, "big") ^ ((1 << bits) - 1)).to_bytes(len(code), "big")


def fill(tmp_path: Path, onto: Blocklist, count: int = MANY) -> None:
    chance = random.Random(7)
    path = tmp_path / "noise.csv"
    path.write_text(
        "algorithm,hash\n" + "".join(f"dhash256,{chance.randbytes(32).hex()}\n" for _ in range(count))
    )
    assert import_file(path=path, blocklist=onto).entries == count


def counted() -> int:
    return Revision.objects.get().entries


def of_copy(bits: int) -> Judgement:
    """Return what is said of a picture whose code has so many bits other than :data:`CODE`."""
    query = Code("dhash256/1", away(CODE, bits), 0, "")
    return provisional(Subject(b"", None, (query,), None)).judgement


@pytest.mark.parametrize("action", [Blocklist.Action.MONITOR, Blocklist.Action.ALLOW])
def test_a_long_list_that_rejects_nothing_tightens_no_other(tmp_path: Path, action: str) -> None:
    onto = Blocklist.objects.create(slug="noise", name="Noise", action=action)
    ban_code(
        algorithm="dhash256",
        bits=CODE,
        blocklist=selectors.blocklist_named("default"),
        options=EntryOptions(),
    )
    assert (of_copy(35).verdict, of_copy(36).verdict) == ("hold", "allow")

    fill(tmp_path, onto)

    assert counted() == 1
    assert (of_copy(35).verdict, of_copy(36).verdict) == ("hold", "allow")


def test_suspending_retiring_and_a_change_of_action_are_counted(tmp_path: Path) -> None:
    onto = Blocklist.objects.create(slug="noise", name="Noise", action=Blocklist.Action.MONITOR)
    fill(tmp_path, onto, 4)
    first, second, third, _ = (entry.pk for entry in onto.entries.order_by("pk"))

    def settle(action: str) -> int:
        onto.action = action
        blocklist.change_list(blocklist=onto)
        return counted()

    assert counted() == 0
    assert settle(Blocklist.Action.BLOCK) == 4
    blocklist.change_entry(banned_id=first, suspended=True)
    assert counted() == 3
    blocklist.unban(banned_id=first)
    assert counted() == 3
    blocklist.unban(banned_id=second)
    assert counted() == 2
    blocklist.change_entry(banned_id=third, suspended=True)
    assert settle(Blocklist.Action.HOLD) == 1
    assert settle(Blocklist.Action.ALLOW) == 0
    blocklist.change_entry(banned_id=third, suspended=False)
    assert counted() == 0
    assert settle(Blocklist.Action.BLOCK) == 2
    out = io.StringIO()
    call_command("doctor", stdout=out)
    assert "can change a verdict, there are" not in out.getvalue()


def test_radii_that_become_wider_reach_back(tmp_path: Path) -> None:
    noise = Blocklist.objects.create(slug="noise", name="Noise")
    upload = send(pictures.encode(pictures.scene(1)), who=member())
    stored = UploadFingerprints.objects.get(upload=upload, algorithm="dhash256/1")
    code = bytes(stored.codes)[:32]
    fill(tmp_path, noise)
    ban_code(
        algorithm="dhash256",
        bits=away(code, 33),
        blocklist=selectors.blocklist_named("default"),
        options=EntryOptions(),
    )
    upload.refresh_from_db()
    assert upload.status == "approved"

    noise.action = Blocklist.Action.MONITOR
    blocklist.change_list(blocklist=noise)

    upload.refresh_from_db()
    assert upload.status == "held"
    assert Rescan.objects.open().count() == 0
