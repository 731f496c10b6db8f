import logging
import socket
from random import Random
from shutil import rmtree

import pytest
from django.core.management import call_command
from django.db import connection

from deployment.local.postgres import SUPERUSER, Postgres
from workflows.tests.chaos.arena import Arena
from workflows.tests.chaos.options import backends_of, is_full, is_long, rounds_of, seed_of
from workflows.tests.conftest import make_cluster

logger = logging.getLogger(__name__)
# They need minutes.
LONG = {"test_a_killed_controller_forgets.py", "test_flows_under_fire.py", "test_heads_under_fire.py"}
# They need many minutes each.
FULL = {"test_jobs_at_full_size.py", "test_flows_at_full_size.py"}


def pytest_report_header(config):
    return f"chaos: --seed {seed_of(config)}"


def pytest_ignore_collect(collection_path, config):
    left_out = set() if is_full(config) else FULL if is_long(config) else FULL | LONG
    return True if collection_path.name in left_out else None


def pytest_generate_tests(metafunc):
    if "arena" in metafunc.fixturenames:
        metafunc.parametrize("arena", backends_of(metafunc.config), indirect=True)
    if "dice" in metafunc.fixturenames:
        rounds = rounds_of(metafunc.config, getattr(metafunc.module, "ROUNDS_IN_FULL", 1))
        metafunc.parametrize("dice", range(rounds), indirect=True)


@pytest.fixture
def dice(request):
    """What this round's plan is drawn with."""
    seed, name = seed_of(request.config), request.node.name
    size = "--full " if is_full(request.config) else ""
    logger.warning("replay: task test-chaos -- %s--seed %s --rounds %s -k '%s'", size, seed, request.param + 1, name)
    return Random(f"{seed}:{name}")


@pytest.fixture(scope="module")
def postgres(tmp_path_factory, django_db_setup, django_db_blocker):
    """A durable server of our own to be crashed; while it is there the test database is one of its."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = Postgres(tmp_path_factory.mktemp("postgres"), probe.getsockname()[1])
    server.start()
    before = dict(connection.settings_dict)
    with django_db_blocker.unblock():
        connection.close()
        server.create_database(before["NAME"])
        connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": server.port, "USER": SUPERUSER}
        call_command("migrate", verbosity=0)
        yield server
        connection.close()
        connection.settings_dict |= before
    server.forget()
    rmtree(server.directory.parent)


@pytest.fixture
def arena(request, postgres, transactional_db, settings, tmp_path, monkeypatch):  # noqa: PLR0917 - fixtures
    """Neither named ``cluster`` nor marked ``slurm``: a round that failed must not be tried again."""
    cluster = make_cluster(request.param, settings, tmp_path)
    made = Arena(cluster, postgres, monkeypatch)
    yield made
    made.close()
