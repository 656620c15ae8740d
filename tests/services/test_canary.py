"""The canary: whatever would let a banned picture through makes it fall silent."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from moderation import api
from moderation.domain.policy import Judgement
from moderation.exceptions import DecoderCrashed
from moderation.models import BannedImage, Screening
from moderation.services.blocklists import blocklist
from moderation.services.operations import canary
from moderation.services.search.index import banned_codes
from tests import pictures

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_is_found_and_leaves_no_row() -> None:
    assert canary.fault_of(banned_codes.catch_up()) == ""
    assert not BannedImage.objects.exists()
    assert not Screening.objects.exists()


@pytest.mark.parametrize("algorithm", ["dhash256", "phash256", "dhash64"])
def test_it_is_found_by_each_algorithm(algorithm: str, settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "ALGORITHMS": [algorithm]}

    assert canary.fault_of(banned_codes.catch_up()) == ""


def test_a_decoder_that_fails_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canary, "decoder", lambda: Mock(analyse=Mock(side_effect=DecoderCrashed)))

    assert canary.fault_of(banned_codes.catch_up()) == "decoder_crashed"


def test_a_policy_that_lets_everything_through_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canary, "judge", lambda *_: Judgement("allow", "no_match", ()))

    assert canary.fault_of(banned_codes.catch_up()) == "canary_missed"


def test_an_index_that_lost_a_ban_is_heard() -> None:
    api.ban(pictures.encode(pictures.scene(1)))
    snapshot = banned_codes.catch_up()
    assert canary.fault_of(snapshot) == ""

    for layer in snapshot.layers.values():
        layer.retire(np.array(BannedImage.objects.values_list("pk", flat=True), dtype=np.int64))

    assert canary.fault_of(snapshot) == "banned_code_lost"


def test_so_is_one_where_the_newest_codes_are_all_retired(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = api.ban(pictures.encode(pictures.scene(1))).banned
    gone = api.ban(pictures.encode(pictures.scene(2))).banned
    blocklist.unban(banned_id=gone.pk)
    monkeypatch.setattr(canary, "NEWEST", 2)
    assert gone.fingerprints.filter(algorithm="dhash256/1").count() >= 2
    assert gone.fingerprints.filter(algorithm="phash256/1").count() >= 2
    snapshot = banned_codes.catch_up()
    assert canary.fault_of(snapshot) == ""

    for layer in snapshot.layers.values():
        layer.retire(np.array([kept.pk], dtype=np.int64))

    assert canary.fault_of(snapshot) == "banned_code_lost"
