"""A real browser, a real server: skipped, with the reason, where there is no Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.entrypoints.visitors import PASSWORD

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

SignIn = Callable[..., Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder: it drives a browser, against a server with connections of its own."""
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Start the Chromium that is installed on this machine; none is downloaded."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on PATH: the browser tests need one (on Debian: apt install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api", reason="the browser tests need Playwright")
    # Playwright's loop runs in this thread, where Django would refuse to ask the database.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def site(transactional_db: None, _own_state: None) -> Iterator[str]:
    """Return the address of a server of this test's own: pytest-django's would keep the first test's media."""
    from pytest_django.live_server_helper import LiveServer

    server = LiveServer("localhost")
    server._live_server_modified_settings.enable()
    yield str(server.url)
    server.stop()
    server._live_server_modified_settings.disable()


@pytest.fixture
def visit(chromium: Any, site: str) -> Iterator[SignIn]:
    """Open a page in which ``ada`` has signed in, by hand: ``visit("ada", width=390, scheme="dark")``.

    What the browser complains about in its console fails the test.
    """
    complaints: list[str] = []
    contexts: list[Any] = []

    def open_page(name: str | None = None, *, width: int = 1280, **options: Any) -> Any:
        scheme = options.pop("scheme", "light")
        context = chromium.new_context(
            viewport={"width": width, "height": 850}, color_scheme=scheme, base_url=site, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None
        )
        if name:
            page.goto("/accounts/login/")
            page.get_by_label("Username").fill(name)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("main").get_by_role("button", name="Sign in").click()
            page.wait_for_url("**/me/")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
