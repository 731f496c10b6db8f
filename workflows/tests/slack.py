"""A real HTTP server that stands for Slack and for the help desk, and a real Prefect block that points at it."""

import json
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from workflows.tests.prefect import REPOSITORY

REGISTER = ["manage.py", "prefectcli", "block", "register", "-m", "prefect_slack.credentials"]


class Desk(ThreadingHTTPServer):
    """Keeps what it is sent; ``status`` is what it answers, None: it hangs up without an answer."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.got, self.status = [], 200

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def said(self):
        return [body["text"] for path, _, body in self.got if path == "/hook-of-ours"]


class Handler(BaseHTTPRequestHandler):
    server: Desk

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.got.append((self.path, self.headers.get("Authorization"), body))
        if self.server.status is None:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments):
        """Quiet."""


@pytest.fixture(scope="session")
def slack_block_type(prefect_server):
    """Known to Prefect by the command that operators type."""
    subprocess.run([sys.executable, *REGISTER], cwd=REPOSITORY, check=True, capture_output=True)


@pytest.fixture
def desk(configure, slack_block_type):
    from prefect_slack import SlackWebhook

    server = Desk()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    SlackWebhook(url=SecretStr(f"{server.url}/hook-of-ours")).save("desk", overwrite=True)
    desks = {"help_desk_url": f"{server.url}/ticket", "help_desk_token": SecretStr("t")}
    configure(notify={"webhook_block": "desk", "digest_seconds": 0} | desks)
    yield server
    server.shutdown()
    server.server_close()
