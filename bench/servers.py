"""The API and its floor, each as one worker of gunicorn, and what they are asked."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

API, FLOOR = "emgapiv2.wsgi", "bench.floor"
PORTS = {API: 18471, FLOOR: 18472}
LONGEST_START_SECONDS = 30


@contextmanager
def served(application: str, **environment: str) -> Iterator[None]:
    """As a deployment runs it. What it logs goes into a file, which is kept where it does not start.

    :raises SystemExit: it does not start
    """
    address = f"127.0.0.1:{PORTS[application]}"
    argv = [sys.executable, "-m", "gunicorn", application, "--bind", address, "--threads", "8", "--log-level", "error"]
    with tempfile.NamedTemporaryFile(suffix=f"-{application}.log", delete=False) as log:
        server = subprocess.Popen(argv, env=os.environ | environment, stderr=log)
    try:
        if not _answers(server, PORTS[application]):
            raise SystemExit(f"{application} does not start; its log: {log.name}")
        yield
        Path(log.name).unlink()
    finally:
        server.terminate()
        server.wait()


def _answers(server: subprocess.Popen, port: int) -> bool:
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
        time.sleep(0.1)
    return False


def load(application: str, path: str) -> dict[str, float]:
    """What :mod:`bench.load` measures, once every thread has been asked and has its connection."""
    argv = [sys.executable, "-m", "bench.load", str(PORTS[application]), path]
    subprocess.run([*argv, "1"], check=True, stdout=subprocess.DEVNULL)
    return json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout)


def ask(path: str) -> None:
    with urlopen(f"http://127.0.0.1:{PORTS[API]}{path}") as answer:
        answer.read()
