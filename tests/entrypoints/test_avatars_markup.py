"""What is true of every page: nothing inline, nothing from elsewhere, nothing without a label."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from moderation import api
from moderation.models import Upload
from tests import pictures
from tests.entrypoints.visitors import browser_of, member, send

pytestmark = pytest.mark.django_db(transaction=True)


class Reader(HTMLParser):
    """Collects what a strict content security policy, or a screen reader, would stumble over."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.labelled: set[str] = set()
        self.controls: list[str] = []
        self.ids: list[str] = []
        self.headings: list[str] = []
        self.script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if "style" in values or any(name.startswith("on") for name in values) or tag == "style":
            self.faults.append(f"inline: {tag} {values}")
        if tag == "script" and "src" not in values:
            self.faults.append("inline script")
        for name in ("src", "href", "action"):
            if values.get(name, "").startswith(("http:", "https:", "//", "javascript:", "data:")):
                self.faults.append(f"from elsewhere: {values[name]}")
        if tag == "img" and "alt" not in values:
            self.faults.append("a picture without words")
        if tag in ("h1", "h2", "h3"):
            self.headings.append(tag)
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "label":
            self.labelled.add(values.get("for", ""))
        if tag in ("input", "textarea", "select") and values.get("type") != "hidden":
            self.controls.append(values.get("id", ""))


def _faults(html: str) -> list[str]:
    reader = Reader()
    reader.feed(html)
    unlabelled = [
        f"without a label: {control!r}" for control in reader.controls if control not in reader.labelled
    ]
    twice = [f"twice: {name}" for name in set(reader.ids) if reader.ids.count(name) > 1]
    one_title = [] if reader.headings.count("h1") == 1 else [f"headings: {reader.headings}"]
    return reader.faults + unlabelled + twice + one_title


def test_every_page_of_a_visitor() -> None:
    send(member(), pictures.encode(pictures.scene(1)))
    browser = browser_of(None)
    pages = [reverse("avatars:members"), reverse("avatars:member", args=["ada"])]
    pages += [reverse("avatars:sign_up"), reverse("login")]

    assert {page: _faults(browser.get(page).content.decode()) for page in pages} == {
        page: [] for page in pages
    }


def test_every_page_of_a_member_who_was_turned_down() -> None:
    ada = member()
    picture = pictures.encode(pictures.scene(1))
    api.ban(picture)
    turned_down = send(ada, picture)
    browser = browser_of(ada)
    pages = [reverse("avatars:profile"), reverse("avatars:notices"), reverse("avatars:members")]
    pages.append(reverse("avatars:review", args=[Upload.objects.get().reference]))

    assert _faults(turned_down.content.decode()) == []
    assert {page: _faults(browser.get(page).content.decode()) for page in pages} == {
        page: [] for page in pages
    }


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500", "503"])
def test_pages_for_when_something_is_wrong_need_nothing(name: str) -> None:
    assert _faults(render_to_string(f"{name}.html")) == []
