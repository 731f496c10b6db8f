import os

import pytest

from emgapiv2.tests.callers import bearer, no_remembered_counts, operator, signed_in

__all__ = ["bearer", "no_remembered_counts", "operator", "signed_in"]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    switches = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    switches += ["--disable-component-update", "--disable-sync"]
    return browser_type_launch_args | {"executable_path": "/usr/bin/chromium", "args": switches}


@pytest.fixture(scope="session")
def _orm_beside_a_browser():
    """Playwright's sync calls run a loop in this thread; Django would refuse the ORM there, though nothing awaits."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
