"""The smallest flow against a small GitHub of our own."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from workflows.flows import simple_example
from workflows.tests.prefect import REPOSITORY

pytestmark = pytest.mark.prefect
STARS = {"/repos/EBI-Metagenomics/emg-viral-pipeline": 42, "/repos/a/b": 7}


class GitHub(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        found = self.path in STARS
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(json.dumps({"stargazers_count": STARS.get(self.path)}).encode())

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture
def github(monkeypatch, prefect_server):
    server = ThreadingHTTPServer(("127.0.0.1", 0), GitHub)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(simple_example, "GITHUB_API", server.url)
    yield server
    server.shutdown()


def run_script(url):
    return subprocess.run(
        [sys.executable, "workflows/flows/simple_example.py"],
        cwd=REPOSITORY,
        env=os.environ | {"EMG_EXAMPLES__GITHUB_API": url},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_script_prints_stars(github):
    ran = run_script(github.url)
    assert ran.returncode == 0
    assert "EBI-Metagenomics/emg-viral-pipeline: 42" in ran.stdout + ran.stderr


def test_offline_it_names_the_host_and_ends_badly(prefect_server):
    ran = run_script("http://127.0.0.1:9")
    assert ran.returncode == 1
    last = ran.stderr.strip().splitlines()[-1]
    assert last.startswith("EBI-Metagenomics/emg-viral-pipeline: http://127.0.0.1:9 does not answer")


def test_one_unknown_repository_does_not_hide_the_others(github, caplog):
    with pytest.raises(simple_example.NoStars, match=r"no/such: no such repository"):
        simple_example.github_stars(["no/such", "a/b"])
    assert "a/b: 7" in caplog.messages
    assert github.asked.count("/repos/no/such") == 1, "an answer of 404 is not asked for again"


def test_a_bad_name_is_refused_before_any_request(github):
    with pytest.raises(ValueError, match=r"not owner/name: \.\./etc"):
        simple_example.github_stars(["a/b", "../etc"])
    assert github.asked == []
