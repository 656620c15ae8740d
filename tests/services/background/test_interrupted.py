"""Learning and giving back survive a crash, and a screening that runs meanwhile sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from moderation.models import BlocklistChange, LearnedBackground, Screening, Upload
from moderation.services import revision
from moderation.services.blocklists import background
from moderation.services.desk import undo
from moderation.services.rescans import rescreening
from tests.services.background.walls import approve, before_wall, configure, status_of, upload_of
from tests.services.concurrency import Elsewhere

pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_crash_after_the_approval_loses_nothing(innocent: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash() -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(background, "settle_waiting", crash)
        approve(innocent)
    assert LearnedBackground.objects.get().revision is None
    assert upload_of(before_wall(66), "bob").status == "held"

    assert background.settle_waiting() == 1

    assert upload_of(before_wall(61), "eve").status == "approved"


def test_an_approval_that_is_undone_before_it_was_learned_teaches_nothing(
    innocent: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(background, "settle_waiting", lambda: None)
        decision = approve(innocent)

    undo.undo(decision_id=decision.pk, actor_id="7")

    assert (background.settle_waiting(), status_of(innocent)) == (0, "held")
    assert not BlocklistChange.objects.filter(kind="background").exists()


def _once(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, before: Callable[[], object]) -> None:
    original: Callable[..., Any] = getattr(owner, name)
    left = [before]

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if left:
            left.pop()()
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, wrapper)


def test_learning_that_commits_during_a_screening_is_seen(
    innocent: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    _once(monkeypatch, revision, "shared_lock", lambda: Elsewhere(lambda: approve(innocent)).result())

    upload = upload_of(before_wall(66), "bob")

    assert upload.status == "approved"
    latest = Screening.objects.get(upload_id=upload.pk)
    assert latest.revision == revision.current().number


@pytest.mark.parametrize("step", ["subject_of", "locked"])
def test_what_is_given_back_during_a_rescreening_is_seen(
    step: str, innocent: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever commits second sees the other, also for what only an earlier screening had found."""
    other = upload_of(before_wall(66), "bob")
    decision = approve(innocent)
    assert status_of(other) == "approved"
    undone: list[Elsewhere[Any]] = []

    def start() -> None:
        call = Elsewhere(lambda: undo.undo(decision_id=decision.pk, actor_id="7"))
        undone.append(call)
        if step == "subject_of":
            call.result()

    configure(radii={"dhash256": [None, 1], "phash256": [None, 0]})
    _once(monkeypatch, rescreening, step, start)
    rescreening.rescreen(upload_id=other.pk)
    undone[0].result()

    assert status_of(other) == "held"
