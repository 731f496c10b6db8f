"""What all tests share."""

import os

import pytest

IN_CI = bool(os.environ.get("CI"))
# They wait by the clock for real schedulers, servers and browsers, on two busy cores: what fails three times fails.
REAL_TIME = ("prefect", "slurm", "nextflow", "browser", "podman")
pytest_plugins = ["workflows.tests.prefect"]


def pytest_collection_modifyitems(items):
    for item in items:
        if any(item.get_closest_marker(name) for name in REAL_TIME) or "cluster" in item.fixturenames:
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI every component is there, so a skipped test is a failed one: a check must not vanish unseen."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where nothing may be missing: {reason}"
    return report
