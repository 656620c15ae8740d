"""The packed files of earlier uploads save time and never change an answer, also after a restore."""

from __future__ import annotations

import pytest

from moderation.domain.index import LayeredIndex
from moderation.models import UploadFingerprints
from moderation.services.search import earlier
from moderation.services.search.earlier import earlier_uploads
from tests.services.packed import DHASH, ban, random_code, reached, rebuilt, upload
from tests.services.spoiling import cut

pytestmark = pytest.mark.django_db(transaction=True)


def test_earlier_uploads_start_from_their_file() -> None:
    ban(random_code())
    old, new = random_code(), random_code()
    first = upload(old)
    ban(random_code())
    rebuilt()
    second = upload(new)

    assert (reached(old), reached(new)) == ({first}, {second})
    assert earlier_uploads.catch_up()[DHASH].file_revision > 0


def test_a_file_of_uploads_that_are_gone_is_not_used() -> None:
    ban(random_code())
    lost, kept = random_code(), random_code()
    upload(lost)
    ban(random_code())
    rebuilt()
    # As after a restore: the same numbers, other pictures.
    number = UploadFingerprints.objects.get().pk
    UploadFingerprints.objects.all().delete()
    again = upload(kept, pk=number)

    assert (reached(lost), reached(kept)) == (set(), {again})


def test_a_process_notices_that_the_database_was_restored() -> None:
    ban(random_code())
    lost, kept = random_code(), random_code()
    upload(lost)
    assert reached(lost)
    number = UploadFingerprints.objects.get().pk
    UploadFingerprints.objects.all().delete()

    again = upload(kept, pk=number)

    assert (reached(lost), reached(kept)) == (set(), {again})


def test_a_row_that_becomes_visible_late_is_found() -> None:
    ban(random_code())
    early, late, later = random_code(), random_code(), random_code()
    first, third = upload(early, pk=1_000), upload(later, pk=1_002)
    assert (reached(early), reached(later)) == ({first}, {third})

    second = upload(late, pk=1_001)

    assert reached(late) == {second}


def test_a_late_row_is_still_found_after_the_revision_has_moved() -> None:
    ban(random_code())
    late = random_code()
    upload(random_code(), pk=1_000)
    upload(random_code(), pk=1_002)
    earlier_uploads.catch_up()

    second = upload(late, pk=1_001)
    ban(random_code())

    assert reached(late) == {second}
    assert earlier_uploads._gaps == []


def test_a_file_is_never_said_to_be_more_complete_than_it_is() -> None:
    upload(random_code(), pk=999)
    ban(random_code())
    late = random_code()
    upload(random_code(), pk=1_000)
    upload(random_code(), pk=1_002)
    rebuilt()

    second = upload(late, pk=1_001)

    assert earlier._digest_of(1_000) == earlier_uploads.catch_up()[DHASH].history_id
    assert reached(late) == {second}


def test_a_damaged_file_of_uploads_is_replaced(caplog: pytest.LogCaptureFixture) -> None:
    code = random_code()
    mine = upload(code)
    ban(random_code())
    path = rebuilt().with_name("uploads-dhash256-1.index")
    cut(path)

    assert reached(code) == {mine}
    earlier_uploads.files.wait()

    assert path.name in caplog.text
    assert len(LayeredIndex.open(path, algorithm=DHASH, bits=256)) == 1
