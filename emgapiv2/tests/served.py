"""The API as it is served: gunicorn over the database of the tests, at the prefix of today's clients and at ours."""

import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

PREFIXES = ["metagenomics/api/v2/", "api/v2/"]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(catalogue, standin_server, tmp_path_factory):
    with serving(standin=standin_server, log=tmp_path_factory.mktemp("served") / "log") as url:
        yield url


@contextmanager
def serving(*, standin, log, **settings):
    """Its address. The socket listens before the server is up, so that nobody waits or tries again.

    :param log: a file for what the server says
    :param settings: environment variables besides
    """
    with socket.create_server(("127.0.0.1", 0)) as listening, log.open("wb") as output:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        environment = {
            "EMG_DATABASE__NAME": connection.settings_dict["NAME"],
            "EMG_SERVICE_URLS__API_PREFIXES": json.dumps(PREFIXES),
            "EMG_SERVICE_URLS__SITE_URL": url,
            "EMG_ENA__STANDIN_URL": standin.url,
            **settings,
        }
        bind, threads = f"fd://{listening.fileno()}", "8"
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "emgapiv2.wsgi", "--bind", bind, "--threads", threads],
            cwd=ROOT,
            env=os.environ | environment,
            pass_fds=[listening.fileno()],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        listening.close()  # it is the server's now: of one that dies nobody waits for an answer
        try:
            yield url
        finally:
            server.terminate()
            server.wait(timeout=30)
