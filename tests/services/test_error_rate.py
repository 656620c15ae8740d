"""How often matches were wrong is read from what moderators had before them when they decided."""

from __future__ import annotations

import pytest

from moderation import api
from moderation.models import BannedImage, Blocklist, Decision, Screening, Upload
from moderation.selectors import dashboard
from moderation.services.blocklists import blocklist
from moderation.services.desk import overturn, review, undo
from moderation.services.desk.overturn import Plan
from tests.entrypoints.desk import held_upload, holding_list, rejected_upload, screened
from tests.pictures import encode, scene
from tests.services.background.walls import approve, before_wall, upload_of
from tests.services.background.walls import configure as change_default_list

pytestmark = pytest.mark.django_db(transaction=True)
MODERATOR, OTHER = "101", "102"


def _by_distance() -> tuple[int, int]:
    """Return how many matches were right, and how many wrong, over all methods and distances."""
    judged = [one for method in dashboard.quality().by_method.values() for one in method]
    return sum(one.right for one in judged), sum(one.wrong for one in judged)


def test_an_approved_match_is_wrong_and_a_rejected_one_right() -> None:
    review.approve(upload_id=held_upload(2, "ada").pk, actor_id=MODERATOR)
    review.reject(upload_id=screened(encode(scene(2), quality=50), who="bob").pk, actor_id=MODERATOR)

    assert dashboard.quality().by_list == {"hold": (1, 1)}
    assert _by_distance() == (1, 1)


def test_a_screening_after_the_approval_changes_nothing() -> None:
    upload = held_upload()
    review.approve(upload_id=upload.pk, actor_id=MODERATOR)

    listed = holding_list()
    listed.action = Blocklist.Action.BLOCK
    blocklist.change_list(blocklist=listed)
    newest = Screening.objects.filter(upload_id=upload.pk).latest("pk")
    assert (newest.verdict, newest.reason) == ("allow", "cleared")
    assert dashboard.quality().by_list == {"hold": (0, 1)}


def test_what_an_approval_taught_hides_no_mistake() -> None:
    pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
    change_default_list(radii={"dhash256": [None, 0], "phash256": [None, 0]})
    api.ban(encode(before_wall(1)))
    innocent = upload_of(before_wall(50), "ada")

    approve(innocent)

    newest = Screening.objects.filter(upload_id=innocent.pk).latest("pk")
    assert not newest.matches.exists()
    quality = dashboard.quality()
    assert quality.by_list == {"default": (0, 1)}
    assert sum(one.wrong for one in quality.by_method["local/1"]) == 1


def test_a_retired_entry_keeps_its_mistakes() -> None:
    upload = rejected_upload(3)
    entry = BannedImage.objects.latest("pk")

    overturn.overturn(banned_id=entry.pk, actor_id="", plan=Plan(remedy="retire", restore=[upload.pk]))

    assert Upload.objects.get(pk=upload.pk).status == "approved"
    assert dashboard.quality().by_list == {"default": (0, 1)}


def test_a_decision_that_was_undone_does_not_count() -> None:
    upload = held_upload()
    review.approve(upload_id=upload.pk, actor_id=MODERATOR)

    undo.undo(decision_id=Decision.objects.latest("pk").pk, actor_id=MODERATOR)

    assert dashboard.quality().by_list == {}
    review.reject(upload_id=upload.pk, actor_id=OTHER)
    assert dashboard.quality().by_list == {"hold": (1, 0)}
