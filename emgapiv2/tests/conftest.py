import pytest
from playwright.sync_api import sync_playwright

from emgapiv2.tests.callers import as_owner, bearer, nothing_remembered, operator, signed_in
from emgapiv2.tests.canaries import trees
from emgapiv2.tests.mirrored import catalogue
from emgapiv2.tests.served import site
from emgapiv2.tests.things import served_things
from ena.tests.conftest import configure, fail, standin, standin_server

__all__ = ["as_owner", "bearer", "nothing_remembered", "operator", "signed_in"]
__all__ += ["catalogue", "configure", "fail", "served_things", "site", "standin", "standin_server", "trees"]
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
SWITCHES += ["--disable-component-update", "--disable-sync"]


@pytest.fixture
def page(monkeypatch):
    """A page of the system's Chromium.

    Playwright's sync calls run an event loop in this thread, which Django and Prefect take for an asynchronous caller:
    so it lives for one test, not for the session.
    """
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=SWITCHES)
        yield browser.new_page()
        browser.close()
