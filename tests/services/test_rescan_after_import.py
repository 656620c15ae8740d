"""Earlier uploads against many new codes: the same answer as the other way round, and resumable."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from moderation import api, selectors
from moderation.models import BannedImage, Rescan, Upload
from moderation.services.blocklists.imports import import_file
from moderation.services.rescans import rescan, rescreening, uploads_against
from tests import pictures
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads_against, "MANY", 3)
    monkeypatch.setattr(uploads_against, "CHUNK", 2)


def uploads(count: int) -> list[Upload]:
    return [send(pictures.encode(pictures.scene(seed)), who=member(f"m{seed}")) for seed in range(count)]


def code_of(upload: Upload) -> str:
    return bytes(upload.fingerprints.get(algorithm="dhash256/1").codes)[:32].hex()


def imported(folder: Path, codes: list[str]) -> Rescan:
    path = folder / "hashes.csv"
    path.write_text("algorithm,hash\n" + "".join(f"dhash256,{code}\n" for code in codes))
    report = import_file(path=path, blocklist=selectors.blocklist_named("default"), wake=False)
    return Rescan.objects.get(pk=report.rescans[0])


def noise(count: int) -> list[str]:
    return [secrets.token_hex(32) for _ in range(count)]


def statuses() -> list[str]:
    return list(Upload.objects.order_by("pk").values_list("status", flat=True))


def test_only_what_is_near_is_judged_again(tmp_path: Path) -> None:
    sent = uploads(5)
    search = imported(tmp_path, [*noise(5), code_of(sent[1]), code_of(sent[4])])

    done = rescan.run(rescan_id=search.pk)

    assert statuses() == ["approved", "held", "approved", "approved", "held"]
    assert done is not None
    assert (done.status, done.examined, done.held, done.taken_down) == ("done", 2, 2, 0)


def test_it_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = uploads(5)
    search = imported(tmp_path, [*noise(5), *(code_of(upload) for upload in sent)])
    seen: list[int] = []

    def dies(*, upload_id: int, occasion: str = "rescan") -> str | None:
        seen.append(upload_id)
        if len(seen) == 4:
            raise RuntimeError
        return once(upload_id=upload_id, occasion=occasion)

    once = rescreening.rescreen
    with monkeypatch.context() as patch:
        patch.setattr(rescreening, "rescreen", dies)
        with pytest.raises(RuntimeError):
            rescan.run(rescan_id=search.pk)
    search.refresh_from_db()
    assert search.cursor == sent[1].pk
    Rescan.objects.update(lease_until=None)

    del seen[:]

    def goes_on(*, upload_id: int, occasion: str = "rescan") -> str | None:
        seen.append(upload_id)
        return once(upload_id=upload_id, occasion=occasion)

    with monkeypatch.context() as patch:
        patch.setattr(rescreening, "rescreen", goes_on)
        rescan.run(rescan_id=search.pk)

    assert statuses() == ["held"] * 5
    assert seen == [upload.pk for upload in sent[2:]]


def test_exact_copies_are_found_too() -> None:
    sent = uploads(3)
    api.ban(pictures.encode(pictures.scene(30)))
    BannedImage.objects.update(sha256=bytes(sent[2].sha256))

    done = rescan.run(rescan_id=rescan.ask().pk)

    assert done is not None
    assert done.examined == 1


def test_a_cancelled_search_stops(tmp_path: Path) -> None:
    sent = uploads(4)
    search = imported(tmp_path, [*noise(5), *(code_of(upload) for upload in sent)])

    def cancel(_done: int, _total: int) -> None:
        Rescan.objects.update(status=Rescan.Status.CANCELLED)

    rescan.run(rescan_id=search.pk, progress=cancel)

    assert statuses() == ["held", "held", "approved", "approved"]
    assert Rescan.objects.get().status == Rescan.Status.CANCELLED
