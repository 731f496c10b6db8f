"""What all tests share."""

import os

import pytest

IN_CI = bool(os.environ.get("CI"))
# They wait by the clock for real schedulers, servers and browsers, on two busy cores: what fails three times fails.
REAL_TIME = ("prefect", "slurm", "nextflow", "browser")
pytest_plugins = ["workflows.tests.prefect"]


@pytest.hookimpl(wrapper=True)  # xdist reads the groups in a hook that is called before any other but a wrapper
def pytest_collection_modifyitems(items):
    """A file's tests run in one process, one after another, so that what they share is made once."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.name))
        if any(item.get_closest_marker(name) for name in REAL_TIME) or "cluster" in item.fixturenames:
            item.add_marker(pytest.mark.flaky(reruns=2))
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI every component is there, so a skipped test is a failed one: a check must not vanish unseen."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where nothing may be missing: {reason}"
    return report
