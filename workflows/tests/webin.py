"""A Webin that keeps submissions, and the command that talks to it, which is a real process of Java."""

import base64
import shutil
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "WebinCli.java"


class Webin(ThreadingHTTPServer):
    """``submitted``: accession by alias. ``answers``: statuses of the next answers, given after the work is done."""

    def __init__(self, password):
        super().__init__(("127.0.0.1", 0), Handler)
        self.password, self.submitted, self.answers, self.asked = password, {}, [], 0
        self.numbers = count(99970001)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        webin, alias = self.server, self.rfile.read(int(self.headers["Content-Length"])).decode()
        webin.asked += 1
        _, _, password = base64.b64decode(self.headers["Authorization"].split()[1]).decode().partition(":")
        if password != webin.password:
            status, body = 401, ""
        elif self.path == "/test":
            status, body = 200, "ERZ00000001"
        elif alias in webin.submitted:
            status, body = 409, webin.submitted[alias]
        else:
            webin.submitted[alias] = f"ERZ{next(webin.numbers)}"
            status, body = 200, webin.submitted[alias]
        self.send_response(webin.answers.pop(0) if webin.answers else status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


@contextmanager
def running_webin(password, folder):
    """Gives the server and the jar that knows its address."""
    if not shutil.which("javac"):
        pytest.skip("no javac on this machine")
    server = Webin(password)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    folder.mkdir()
    (folder / "WebinCli.java").write_text(SOURCE.read_text().replace("@WEBIN@", server.url))
    (folder / "manifest").write_text("Main-Class: WebinCli\n")
    for command in (
        ["javac", "--release", "17", "WebinCli.java"],
        ["jar", "cfm", "webin-cli.jar", "manifest", "WebinCli.class"],
    ):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    try:
        yield server, folder / "webin-cli.jar"
    finally:
        server.shutdown()
        server.server_close()
