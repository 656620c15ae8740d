"""A public picture is reported, looked at, and the report answered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from avatars.models import Profile
from moderation import api
from moderation.exceptions import AppealRefused, DecisionRefused, ReportRefused, TooManyUploads
from moderation.models import Decision, Notice, Report, Upload
from moderation.services.blocklists import blocklist
from moderation.services.desk import reports, review
from tests.entrypoints.desk import at_the_desk, public_upload, rejected_upload, screened
from tests.pictures import encode, scene
from tests.services.people import member

pytestmark = pytest.mark.django_db(transaction=True)


def _report(who: User | None = None, *, text: str = "This is me, and I never agreed.") -> api.ReportStatus:
    cleo = Profile.objects.get(user__username="cleo")
    return api.report_picture(cleo, "avatar", text=text, reporter=who, address="192.0.2.7")


def test_a_report_waits_and_names_nobody() -> None:
    public = public_upload()

    found = _report(member("eve").user)

    row = Report.objects.get(reference=found.reference)
    assert (row.upload, row.status, row.text) == (public, "open", "This is me, and I never agreed.")
    assert api.report_status(found.reference) == found
    assert api.reports_of(member("eve").user) == [found]
    public.refresh_from_db()
    assert public.status == "approved"


@pytest.mark.parametrize("text", ["", "  \n"])
def test_without_words_it_is_none(text: str) -> None:
    public_upload()
    with pytest.raises(ReportRefused, match="Say in a sentence"):
        _report(text=text)
    assert not Report.objects.exists()


def test_a_picture_that_is_gone_cannot_be_reported() -> None:
    public_upload()
    page_of_before = Profile.objects.get(user__username="cleo")
    api.withdraw(page_of_before, "avatar")

    with pytest.raises(ReportRefused, match="not shown any more"):
        api.report_picture(page_of_before, "avatar", text="Mine", address="192.0.2.7")
    with pytest.raises(ReportRefused, match="not shown any more"):
        _report()
    assert not Report.objects.exists()


def test_one_reports_a_picture_once_and_not_ones_own() -> None:
    public_upload()
    _report(member("eve").user)

    with pytest.raises(ReportRefused, match="already"):
        _report(member("eve").user)
    with pytest.raises(ReportRefused, match="your own"):
        _report(member("cleo").user)
    _report(member("bob").user)
    assert Report.objects.count() == 2


def test_too_many_at_once_are_refused_by_address() -> None:
    public_upload()
    for _ in range(5):
        _report()

    with pytest.raises(TooManyUploads):
        _report()

    _report(member("eve").user)
    assert Report.objects.count() == 6


def test_leaving_the_picture_answers_all_its_reports_and_is_recorded() -> None:
    public = public_upload()
    first, second = _report(member("eve").user), _report()

    assert reports.leave(report_id=Report.objects.earliest("pk").pk, actor_id="7", note="Fine") == 2

    for found in (first, second):
        status = api.report_status(found.reference)
        assert status is not None
        assert status.status == "kept"
        assert status.answered_at is not None
    decision = Decision.objects.latest("pk")
    assert (decision.kind, decision.upload_id, decision.actor_id) == ("dismiss", public.pk, "7")
    with pytest.raises(DecisionRefused, match="answered"):
        reports.leave(report_id=Report.objects.earliest("pk").pk, actor_id="8")
    assert Decision.objects.filter(kind="dismiss").count() == 1


def test_nobody_leaves_their_own_picture() -> None:
    public_upload()
    _report()
    with pytest.raises(DecisionRefused, match="your own"):
        reports.leave(report_id=Report.objects.get().pk, actor_id=str(member("cleo").user.pk))
    assert Report.objects.get().status == "open"


def test_rejecting_answers_it_and_the_owner_reads_how_it_was_found() -> None:
    public = public_upload()
    found = _report()

    review.reject(upload_id=public.pk, actor_id="7")

    status = api.report_status(found.reference)
    assert status is not None
    assert status.status == "acted"
    notice = api.notices_for(member("cleo").user)[0]
    assert (notice.kind, notice.found, notice.by, notice.may_appeal) == (
        "taken_down",
        "report",
        "person",
        True,
    )
    assert notice.appeal_until is not None
    assert notice.appeal_until - timezone.now() > timedelta(days=183)


def test_a_picture_that_its_owner_removes_answers_its_reports() -> None:
    public_upload()
    found = _report()
    screened(encode(scene(41)), who="cleo")

    status = api.report_status(found.reference)
    assert status is not None
    assert status.status == "gone"


def test_the_notice_says_what_was_found_by_whom_and_keeps_its_words() -> None:
    rejected = rejected_upload()
    listed = rejected.blocklist
    assert listed is not None
    then = listed.policy_text
    listed.policy_text = "Other words."
    blocklist.change_list(blocklist=listed)

    notice = api.notices_for(member("bob").user)[0]

    assert (notice.kind, notice.found, notice.by, notice.message) == ("rejected", "machine", "machine", then)
    public = public_upload()
    review.reject(upload_id=public.pk, actor_id="7")
    assert Notice.objects.filter(upload=public).latest("pk").found == "person"


def test_an_appeal_comes_in_time_or_not_at_all() -> None:
    rejected = rejected_upload()
    bob = member("bob").user
    late = timezone.now() - timedelta(days=185)
    Upload.objects.filter(pk=rejected.pk).update(status_at=late)

    with pytest.raises(AppealRefused, match="time within which"):
        api.ask_for_review(rejected.reference, owner=bob, text="I drew this.")
    status = api.upload_status(rejected.reference, owner=bob)
    assert status is not None
    assert not status.may_appeal
    assert api.notices_for(bob)[0].appeal_until is None
    Upload.objects.filter(pk=rejected.pk).update(status_at=late + timedelta(days=2))
    assert api.ask_for_review(rejected.reference, owner=bob, text="I drew this.").appeal == "open"


def test_a_visitor_reports_and_reads_the_answer_and_a_moderator_gives_it() -> None:
    public_upload()
    visitor, desk = Client(), at_the_desk("moderator")
    page = reverse("avatars:report", args=["cleo"])
    assert "Report this picture" in visitor.get(reverse("avatars:member", args=["cleo"])).content.decode()
    assert visitor.post(page, {"text": ""}).status_code == 422

    answer = visitor.post(page, {"text": "<b>mine</b>"})

    report = Report.objects.get()
    address = reverse("avatars:report_answer", args=[report.reference])
    assert answer["Location"] == address
    assert "A moderator will look at it" in visitor.get(address).content.decode()
    row = reverse("admin:moderation_report_change", args=[report.pk])
    assert "&lt;b&gt;mine&lt;/b&gt;" in desk.get(row).content.decode()
    assert report.reference in desk.get(reverse("admin:moderation_report_changelist")).content.decode()
    said = desk.post(reverse("admin:moderation_report_leave", args=[report.pk]), {"note": ""}, follow=True)
    assert "1 report is answered." in said.content.decode()
    assert "The picture stays" in visitor.get(address).content.decode()
    again = desk.post(reverse("admin:moderation_report_leave", args=[report.pk]), {}, follow=True)
    assert "This report is answered." in again.content.decode()


def test_the_page_of_a_report_takes_the_picture_down() -> None:
    public = public_upload()
    _report()
    desk = at_the_desk("moderator")

    done = desk.post(
        reverse("admin:moderation_upload_decide", args=[public.pk]),
        {"action": "reject", "status": "approved", "next": reverse("admin:moderation_report_changelist")},
    )

    assert done["Location"] == reverse("admin:moderation_report_changelist")
    assert Report.objects.get().status == "acted"


@pytest.mark.parametrize(("address", "code"), [("members/nobody/report/", 404), ("reports/0000-0000/", 404)])
def test_what_is_not_there_is_not_found(address: str, code: int) -> None:
    assert Client().get(f"/{address}").status_code == code


def test_reporting_a_picture_that_went_meanwhile_says_so() -> None:
    public = public_upload()
    review.reject(upload_id=public.pk, actor_id="7")

    answer = Client().post(reverse("avatars:report", args=["cleo"]), {"text": "Mine"})

    assert answer.status_code == 409
    assert "not shown any more" in answer.content.decode()
