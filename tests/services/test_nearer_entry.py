"""A banned picture and an allowed one that is nearly the same: the nearer of the two wins."""

from __future__ import annotations

from io import BytesIO
from itertools import count
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from moderation import api, selectors
from moderation.exceptions import AllowedExactly
from moderation.models import BannedImage, Blocklist, Upload
from moderation.services.blocklists import banning, blocklist, enrolment
from moderation.services.blocklists.opposites import opposites
from tests.entrypoints.desk import held_upload
from tests.pictures import encode, scene

pytestmark = pytest.mark.django_db(transaction=True)
SEED = count(5_000)


def _captioned(picture: Image.Image, *, size: int, place: int) -> Image.Image:
    """Return the picture with a white bar of ``size`` hundredths of its height, and dark blocks for words in it."""
    page = picture.convert("RGB")
    draw = ImageDraw.Draw(page)
    width, height = page.size
    top, tall = height * place // 100, max(2, height * size // 100)
    draw.rectangle((0, top, width, top + tall), fill="white")
    for left in range(width // 12, width * 11 // 12, width // 8):
        draw.rectangle((left, top + tall // 4, left + width // 14, top + 3 * tall // 4), fill="black")
    return page


def _allow(picture: Image.Image) -> BannedImage:
    return banning.allow(picture=enrolment.picture_from_bytes(encode(picture))).banned


def _gif(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.quantize(64).save(file, "GIF")
    return file.getvalue()


EDITS: dict[str, Any] = {
    "q60": lambda picture: encode(picture, quality=60),
    "q75": lambda picture: encode(picture, quality=75),
    "q95": lambda picture: encode(picture, quality=95),
    "half": lambda picture: encode(picture.resize((picture.width // 2, picture.height // 2))),
    "double": lambda picture: encode(picture.resize((picture.width * 2, picture.height * 2))),
    "mirror": lambda picture: encode(ImageOps.mirror(picture)),
    "quarter": lambda picture: encode(picture.transpose(Image.Transpose.ROTATE_90)),
    "half turn": lambda picture: encode(picture.transpose(Image.Transpose.ROTATE_180)),
    "GIF": _gif,
    "frame": lambda picture: encode(ImageOps.expand(picture, picture.width // 20, (12, 12, 12))),
}


def _verdicts(picture: Image.Image) -> dict[str, str]:
    return {name: api.screen_bytes(edit(picture)).verdict for name, edit in EDITS.items()}


def test_a_captioned_version_of_an_allowed_template_is_stopped_in_every_copy() -> None:
    template = scene(next(SEED))
    captioned = _captioned(template, size=22, place=70)
    _allow(template)

    assert api.ban(encode(captioned)).created

    assert "allow" not in _verdicts(captioned).values(), _verdicts(captioned)
    assert set(_verdicts(template).values()) == {"allow"}, _verdicts(template)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.sampled_from([0, 1, 2, 4, 8, 12, 16, 25]),
    place=st.integers(2, 70),
    action=st.sampled_from(["block", "hold"]),
    edit=st.sampled_from(sorted(EDITS)),
    allowed_edit=st.sampled_from([None, "q60", "GIF", "half"]),
)
def test_after_a_ban_no_copy_of_it_is_allowed(
    size: int, place: int, action: str, edit: str, allowed_edit: str | None
) -> None:
    template = scene(next(SEED))
    picture = _captioned(template, size=size, place=place) if size else template
    allowed = EDITS[allowed_edit](template) if allowed_edit else encode(template)
    banning.allow(picture=enrolment.picture_from_bytes(allowed))
    onto, _ = Blocklist.objects.get_or_create(slug=action, defaults={"name": action, "action": action})

    try:
        result = api.ban(encode(picture), blocklist=onto.slug)
    except AllowedExactly:
        return

    assert result.created
    assert api.screen_bytes(encode(picture)).verdict != "allow"
    assert api.screen_bytes(EDITS[edit](picture)).verdict != "allow"


def test_a_ban_of_what_is_allowed_exactly_is_refused_and_says_by_what() -> None:
    template = scene(next(SEED))
    allowed = _allow(template)
    before = BannedImage.objects.count()

    with pytest.raises(AllowedExactly, match=f"It is entry {allowed.pk}"):
        api.ban(encode(template))

    assert BannedImage.objects.count() == before
    blocklist.unban(banned_id=allowed.pk)
    assert api.ban(encode(template)).created


def test_a_list_that_watches_takes_it_all_the_same() -> None:
    template = scene(next(SEED))
    _allow(template)
    Blocklist.objects.create(slug="watch", name="Watch", action="monitor")

    assert api.ban(encode(template), blocklist="watch").created


def test_rejecting_and_banning_what_is_allowed_does_neither(admin_client: Client) -> None:
    held = held_upload()
    allowed = banning.allow(picture=enrolment.picture_of_upload(held)).banned

    answer = admin_client.post(
        reverse("admin:moderation_review_decide", args=[held.pk]),
        {"action": "ban", "status": "held"},
        headers={"X-Requested-With": "fetch"},
    )

    assert (answer.status_code, answer.json()["ok"]) == (409, False)
    assert f"It is entry {allowed.pk}" in answer.json()["message"]
    assert Upload.objects.get(pk=held.pk).status != "rejected"


def test_both_sides_are_told_of_each_other_and_who_wins() -> None:
    template, default = scene(next(SEED)), selectors.blocklist_named("default")
    captioned = _captioned(template, size=22, place=70)
    allowed = _allow(template)

    [near] = opposites(enrolment.picture_from_bytes(encode(captioned)).analysis, blocklist=default)

    assert (near.banned, near.blocklist) == (allowed.pk, "allowlist")
    assert min(near.distances.values()) >= 6
    assert near.words == (
        f"Copies of it are stopped; those that are nearer to entry #{allowed.pk} pass as before."
    )
    banned = api.ban(encode(captioned)).banned
    onto = selectors.blocklist_named("allowlist")
    [other] = opposites(enrolment.picture_from_bytes(encode(template, quality=70)).analysis, blocklist=onto)
    assert other.words == (
        f"Copies nearer to it than to entry #{banned.pk} pass; copies of #{banned.pk} do not."
    )
    [same] = opposites(enrolment.picture_from_bytes(encode(captioned)).analysis, blocklist=onto)
    assert "exact copies pass from now on" in same.words
    [close] = opposites(enrolment.picture_from_bytes(encode(captioned, quality=50)).analysis, blocklist=onto)
    assert "only exact copies of it pass" in close.words
    stranger = enrolment.picture_from_bytes(encode(scene(next(SEED)))).analysis
    assert opposites(stranger, blocklist=default) == []


def test_the_page_before_a_ban_shows_what_is_allowed_near_it(admin_client: Client) -> None:
    held = held_upload()
    near = _allow(_captioned(scene(2), size=12, place=80))

    page = admin_client.post(
        reverse("admin:moderation_bannedimage_add"),
        {"uploads": [held.pk], "blocklist": selectors.blocklist_named("default").pk},
        follow=True,
    )

    text = page.content.decode()
    assert "Near what is allowed" in text
    assert f"#{near.pk}" in text
