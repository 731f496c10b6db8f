"""A real ENA stand-in over HTTP, and settings that point at it with short times."""

import pytest
from pydantic import SecretStr

from ena import negotiation, portal
from ena.standin.testing import running_standin

PASSWORD = "of-this-test-run"


@pytest.fixture(scope="session")
def standin_server():
    with running_standin(password=PASSWORD, bulk_runs=1000) as server:
        yield server


@pytest.fixture
def configure(settings):
    """Change groups of the settings for one test: ``configure(ena={...}, webin={...})``."""

    def change(**groups):
        config = settings.EMG_CONFIG
        changed = {name: getattr(config, name).model_copy(update=update) for name, update in groups.items()}
        settings.EMG_CONFIG = config.model_copy(update=changed)

    return change


@pytest.fixture
def standin(standin_server, configure):
    """The stand-in as delivered, asked quickly. One portal costs half the requests; tests of merging say two."""
    standin_server.reset()
    negotiation._catalogues.clear()
    portal._refused_until.clear()
    configure(
        ena={
            "standin_url": standin_server.url,
            "data_portals": ["ena"],
            "requests_per_second": 200,
            "max_attempts": 2,
            "read_seconds": 5,
            "call_seconds": 10,
        },
        webin={"dcc_password": SecretStr(PASSWORD)},
    )
    return standin_server


@pytest.fixture
def fail(standin):
    """Let calls fail for ever: ``fail("/search", result="sample", action="status", status=503)``."""

    def rule(path, *, result=None, **action):
        match = {"path": path} | ({"result": result} if result else {})
        standin.set_faults([{"match": match, "times": None, **action}])

    return rule
