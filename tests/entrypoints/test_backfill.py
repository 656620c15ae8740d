"""Pictures that were there before moderation was."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from avatars.models import Profile
from moderation import api
from moderation.exceptions import SandboxUnavailable
from moderation.models import Upload
from moderation.services.operations.sweeping import sweep
from moderation.services.uploads import screening
from tests import pictures
from tests.services.people import member

pytestmark = pytest.mark.django_db(transaction=True)


def _old(name: str, data: bytes) -> Profile:
    """Return a profile whose picture was published without anybody looking."""
    profile = member(name)
    stored = default_storage.save(f"avatars/{name}.jpg", ContentFile(data))
    Profile.objects.filter(pk=profile.pk).update(avatar=stored)
    return Profile.objects.get(pk=profile.pk)


def _run(*arguments: str) -> dict[str, Any]:
    output = StringIO()
    call_command("backfill", "avatars.Profile.avatar", "--owner", "user", "--json", *arguments, stdout=output)
    result: dict[str, Any] = json.loads(output.getvalue())
    return result


def test_good_ones_are_replaced_bad_ones_leave() -> None:
    api.ban(pictures.encode(pictures.scene(1)))
    good = _old("good", pictures.encode(pictures.scene(2)))
    bad = _old("bad", pictures.encode(pictures.scene(1), quality=50))
    old_names = [good.avatar.name, bad.avatar.name]

    result = _run()

    good.refresh_from_db()
    bad.refresh_from_db()
    assert (result["examined"], result["approved"], result["rejected"]) == (2, 1, 1)
    assert good.avatar.name == Upload.objects.get(target_id=str(good.pk)).published
    assert bad.avatar.name == ""
    assert not any(default_storage.exists(str(name)) for name in old_names)


def test_a_second_run_has_nothing_to_do() -> None:
    _old("good", pictures.encode(pictures.scene(2)))
    _run()

    assert _run()["done_before"] == 1
    assert Upload.objects.count() == 1


def test_what_is_no_picture_is_left_and_reported() -> None:
    odd = _old("odd", b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    broken = _old("broken", pictures.encode(pictures.scene(3))[:4000])

    result = _run()

    assert result["unreadable"] == [
        {"pk": str(odd.pk), "error": "format_not_allowed"},
        {"pk": str(broken.pk), "error": "undecodable"},
    ]
    assert default_storage.exists(str(odd.avatar.name))


def test_it_resumes_after_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = _old("good", pictures.encode(pictures.scene(2)))

    def fail() -> None:
        raise SandboxUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(screening, "decoder", fail)
        with pytest.raises(CommandError):
            _run()
    with pytest.raises(CommandError):
        _run()  # still pending: waited for, not sent in again
    assert Upload.objects.get().status == "pending"

    sweep(older_than=timedelta(0))

    profile.refresh_from_db()
    assert profile.avatar.name == Upload.objects.get().published
    assert _run()["done_before"] == 1


@pytest.mark.parametrize("column", ["nonsense", "avatars.Profile.nothing", "avatars.Profile.user"])
def test_a_column_that_is_none_is_wrong_usage(column: str) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("backfill", column, stdout=StringIO())

    assert caught.value.returncode == 2
