"""Where an entry was found more than once in a picture, the strongest evidence counts."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from moderation import api, selectors
from moderation.domain.policy import Hit, Judgement
from moderation.models import Upload
from moderation.services import revision
from moderation.services.rescans import rescreening
from moderation.services.search import local_known, matching
from moderation.services.uploads import screening
from tests import pictures
from tests.services.people import member, send

pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
pytestmark = pytest.mark.django_db(transaction=True)

ORIGINAL = pictures.scene(31, (640, 480))


def _weaker(hit: Hit) -> Hit:
    return replace(hit, band="hold", details={**hit.details, "supports": "hold"})


@pytest.fixture
def upload() -> Upload:
    """Return a crop that is held, since the list lets the tier do no more; its evidence would reject it."""
    api.ban(pictures.encode(ORIGINAL))
    upload = send(pictures.encode(ORIGINAL.crop((96, 72, 544, 408))), who=member())
    assert upload.status == "held"
    (hit,) = local_known.earlier_hits(upload.pk)
    assert hit.band == "block"
    return upload


def _look(upload: Upload) -> Judgement:
    return matching.provisional(rescreening.subject_of(upload)).judgement


def test_what_is_found_now_is_not_hidden_by_a_weaker_match_of_earlier(
    upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    default = selectors.blocklist_named("default")
    default.local = "block"
    default.save()
    known = tuple(_weaker(hit) for hit in local_known.earlier_hits(upload.pk))
    monkeypatch.setattr(local_known, "earlier_hits", lambda _upload_id: known)

    assert _look(upload).verdict == "block"


def test_a_weaker_match_of_later_takes_nothing_from_an_earlier_one(upload: Upload) -> None:
    """As it is recorded while some of the entry's tiles were learned to be background, and given back."""
    judgement = _look(upload)
    weaker = tuple(replace(match, hit=_weaker(match.hit), band="hold") for match in judgement.matches)
    with revision.shared_lock() as state:
        screening.record(
            upload,
            replace(judgement, matches=weaker),
            state=state,
            occasion="review",
            started=time.perf_counter(),
        )

    assert [hit.band for hit in local_known.earlier_hits(upload.pk)] == ["block"]
