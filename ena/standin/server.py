"""The stand-in ENA as a threaded HTTP server (``spec/ena.md`` §12.1 and §12.3)."""

import binascii
import json
import socket
import struct
from base64 import b64decode
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from threading import Event
from time import time
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ena.standin.browser_api import answer_xml
from ena.standin.byte_ranges import part_of
from ena.standin.dataset import KILLED, PRIVATE, Dataset
from ena.standin.faults import Answer, FaultBook, Request, Rule, alter, instead_of_answer
from ena.standin.portal_api import Question, answer_portal
from ena.standin.reads import MadeReads
from ena.standin.webin_api import AUTH, Webin, credentials_in

PORTAL, BROWSER, FILES, CONTROL = "/ena/portal/api/", "/ena/browser/api/xml/", "/vol1/", "/_standin/"
REQUESTS_KEPT = 100_000
LARGEST_BODY_BYTES = 16 * 1024 * 1024
UNAUTHORISED = Answer(401, b"Unauthorized", headers={"WWW-Authenticate": 'Basic realm="stand-in ENA"'})


class StandinServer(ThreadingHTTPServer):
    """Holds what the request threads share; ``stopping`` frees those that hang or drip.

    :param password: of every account; without one all credentials are refused
    """

    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], dataset: Dataset, reads: MadeReads, faults: FaultBook, password: str | None
    ) -> None:
        self.dataset, self.reads, self.faults, self.webin = dataset, reads, faults, Webin(password)
        self.seen: deque[dict[str, Any]] = deque(maxlen=REQUESTS_KEPT)
        self.stopping = Event()
        super().__init__(address, Handler)

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def reset(self) -> None:
        """Every record as delivered, and none registered."""
        self.dataset.reset()
        self.webin.registered.clear()

    def shutdown(self) -> None:
        self.stopping.set()
        super().shutdown()


class Handler(BaseHTTPRequestHandler):
    """One connection. Every answer passes ``respond``: log, fault, answer, send."""

    server: StandinServer
    protocol_version = "HTTP/1.1"
    server_version = "standin-ena"
    disable_nagle_algorithm = True

    def respond(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), LARGEST_BODY_BYTES))
        if url.path.startswith(CONTROL):
            self.send(self.control(url.path.removeprefix(CONTROL), body))
            return
        params = dict(parse_qsl(url.query, keep_blank_values=True))
        if self.command == "POST" and self.headers.get_content_type() == "application/x-www-form-urlencoded":
            params |= dict(parse_qsl(body.decode(), keep_blank_values=True))
        account, refused = self.signed_in()
        if url.path.startswith(AUTH) and self.command == "POST":
            account = credentials_in(body).get("username")
        request = Request(self.command, unquote(url.path), params, account)
        entry = {"time": time(), "method": request.method, "path": request.path, "parameters": params}
        entry |= {"account": account, "status": None}
        self.server.seen.append(entry)
        rule = self.server.faults.pick(request)
        if rule and rule.action == "reset":
            self.reset()
            return
        answer = self.act_first(rule) or (UNAUTHORISED if refused else self.answer(request, body, rule))
        if rule:
            answer = alter(answer, rule)
        entry["status"] = answer.status
        self.send(answer, bytes_per_second=rule.spec["bytes_per_second"] if rule and rule.action == "drip" else None)

    do_GET = do_POST = do_HEAD = do_DELETE = respond  # noqa: N815 - the names http.server looks for

    def answer(self, request: Request, body: bytes, rule: Rule | None) -> Answer:
        if request.path.startswith(PORTAL):
            return answer_portal(request.path.removeprefix(PORTAL), Question(request, self.server.dataset, rule))
        if request.path.startswith(BROWSER):
            return answer_xml(request.path.removeprefix(BROWSER).split(","), self.server.dataset)
        if request.path.startswith(FILES):
            return self.file(request)
        return self.server.webin.answer(request, body, self.server.dataset)

    def act_first(self, rule: Rule | None) -> Answer | None:
        """Faults that act before any data is looked at."""
        if rule is None:
            return None
        if rule.action == "hang":
            self.server.stopping.wait(rule.spec["hang_seconds"])
        if rule.action == "set_state":
            spec = rule.spec
            self.server.dataset.set_state(spec["accession"], spec["state"], first_public=spec.get("first_public"))
        return instead_of_answer(rule)

    def signed_in(self) -> tuple[str | None, bool]:
        """(account named in the request, whether its credentials are refused)."""
        header = self.headers.get("Authorization")
        if header is None:
            return None, False
        if header.startswith("Bearer "):
            account = self.server.webin.bearer_of(header)
            return account, account is None
        try:
            account, _, password = b64decode(header.removeprefix("Basic ")).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None, True
        return account, not self.server.webin.knows(account, password)

    def file(self, request: Request) -> Answer:
        dataset, path = self.server.dataset, request.path.lstrip("/")
        found = dataset.find(dataset.file_owner.get(path, ""))
        state = dataset.state_of(found[1]) if found else None
        if state is None or state.level == KILLED:
            return Answer(404, b"Not Found")
        if state.level == PRIVATE and request.account != state.hub:
            return UNAUTHORISED
        data = (self.server.reads.folder / path).read_bytes()
        whole = Answer(200, data, "application/octet-stream", {"Accept-Ranges": "bytes"})
        return part_of(whole, self.headers.get("Range"))

    def control(self, what: str, body: bytes) -> Answer:
        """The test's own door: rules, states and the log of requests. Loopback only."""
        if not ip_address(self.client_address[0]).is_loopback:
            return Answer(403, b"Loopback only")
        doors: dict[tuple[str, str], Callable[[], Any]] = {
            ("POST", "faults"): lambda: self.server.faults.replace(json.loads(body)),
            ("DELETE", "faults"): lambda: self.server.faults.replace([]),
            ("POST", "state"): lambda: self.server.dataset.set_state(**json.loads(body)),
            ("DELETE", "state"): self.server.reset,
            ("GET", "requests"): lambda: list(self.server.seen),
        }
        door = doors.get((self.command, what))
        if door is None:
            return Answer(404, b"Not Found")
        try:
            return Answer(200, json.dumps(door()).encode(), "application/json")
        except (KeyError, TypeError, ValueError) as error:
            return Answer(400, f"{type(error).__name__}: {error}".encode())

    def send(self, answer: Answer, *, bytes_per_second: float | None = None) -> None:
        length = len(answer.body) if answer.declared_length is None else answer.declared_length
        self.send_response(answer.status)
        if answer.status != 204:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(length))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.close_connection = self.close_connection or length != len(answer.body)
        try:
            self.end_headers()
            if self.command == "HEAD":
                return
            if bytes_per_second is None:
                self.wfile.write(answer.body)
                return
            for place in range(len(answer.body)):
                self.wfile.write(answer.body[place : place + 1])
                if self.server.stopping.wait(1 / bytes_per_second):
                    return
        except (BrokenPipeError, ConnectionResetError):  # the caller gave up, which is its right
            self.close_connection = True

    def reset(self) -> None:
        """Close so that the caller's read ends in a reset instead of an end of file."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's signature
        """Silent: ``/_standin/requests`` is the log."""
