"""The only module that opens a connection to ENA (``spec/ena.md`` §5.3).

Every body is spooled, checked, and only then handed on: a retry never repeats a row, the database never waits on ENA.
"""

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from tempfile import SpooledTemporaryFile
from typing import IO, Any, TypeVar

import requests
import urllib3
from django.conf import settings
from django.db import connection
from pydantic import SecretStr

from ena import answers, errors, throttle
from ena.accessions import made_up_in
from ena.credentials import Credentials

logger = logging.getLogger(__name__)
MEMORY_BYTES, CHUNK_BYTES = 1 << 20, 1 << 16
SIGN_INS_PER_SECOND, REFUSED_FOR_SECONDS = 2, 900
T = TypeVar("T")
_refused_until: dict[tuple[str, Credentials], float] = {}


@dataclass(frozen=True)
class Call:
    """One question to one address; ``str()`` of it goes into logs and errors.

    :param json: a body instead of a form; its secrets are opened at the last moment
    :param files: documents by name, sent as a form's files
    :param seconds: for all of it, where that is less than for others
    """

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    credentials: Credentials | None = None
    json: Mapping[str, object] | None = None
    bearer: SecretStr | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    seconds: float = float("inf")

    def __str__(self) -> str:
        shown = (f"{name}={self.params[name]}" for name in ("result", "dataPortal", "query") if name in self.params)
        return " ".join([self.method, self.url, *shown])


def ask_webin(call: Call) -> tuple[int, str]:
    """Ask Webin once, and once more where the connection failed.

    No error holds what was sent in the clear: its cause, which does, is left behind.

    :return: the status and the text, of which nothing is believed yet
    :raises EnaUnavailable: no whole answer in time
    """
    _refuse_what_must_not_leave(call)
    throttle.wait_for_slot(key="webin", per_second=SIGN_INS_PER_SECOND)
    for is_last in (False, True):
        with SpooledTemporaryFile(max_size=MEMORY_BYTES) as body:
            try:
                response = _send(call, body)
            except errors.EnaError as error:
                told, failed = f"{call}: {error}", isinstance(error, errors.ServerFailed)
            else:
                body.seek(0)
                return response.status_code, start_of(body)
        if is_last or not failed:
            break
    raise errors.EnaUnavailable(told)


def start_of(body: IO[bytes]) -> str:
    return body.read(MEMORY_BYTES).decode("utf-8", "replace")


def ask(call: Call, check: Callable[[IO[bytes]], T]) -> T:
    """Send until an answer passes its check, at the pace of all processes together.

    :param check: reads the spooled body from its start; what it returns is handed back, and may hold the body
    """
    _refuse_what_must_not_leave(call)
    attempts, started, waited = settings.EMG_CONFIG.ena.max_attempts, time.monotonic(), 0.0
    for attempt in range(1, attempts + 1):
        waited += throttle.wait_for_slot(key="portal", per_second=settings.EMG_CONFIG.ena.requests_per_second)
        body: IO[bytes] = SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 - handed on with the answer
        try:
            response = _send(call, body)
            size = body.tell()
            _heed(call, response)
            answers.check_status(response.status_code, response.headers.get("Content-Type", ""), body, asked=str(call))
            body.seek(0)
            found = check(body)
        except (errors.EnaUnavailable, errors.ForeignAnswer, errors.IncompleteAnswer) as error:
            body.close()
            throttle.tell_outcome(key="portal", failed=True)
            if attempt == attempts:
                raise type(error)(f"ENA did not answer {call}, {attempts} attempts made: {error}") from error
            logger.warning("%s, attempt %s of %s: %s", call, attempt, attempts, error)
            time.sleep(random.uniform(0, min(60, 2 ** (attempt - 1))))
        else:
            throttle.tell_outcome(key="portal", failed=False)
            seconds = time.monotonic() - started
            logger.info("%s: %s bytes, attempt %s, waited %.1f s of %.1f s", call, size, attempt, waited, seconds)
            return found
    raise AssertionError("at least one attempt is made")


def _refuse_what_must_not_leave(call: Call) -> None:
    blocks = connection.atomic_blocks
    if blocks and not getattr(blocks[-1], "_from_testcase", False):  # as Django's own durable blocks do
        raise errors.CalledInsideTransaction(f"{call} was asked inside a transaction")
    found = made_up_in(" ".join([call.url, *call.params.values(), *call.files.values()]))
    if found and not settings.EMG_CONFIG.ena.standin_url:
        raise errors.MadeUpAccessionSentToEna(f"{found} is a made-up accession; the real ENA is not asked for it")
    if call.credentials and _refused_until.get((call.url, call.credentials), 0) > time.monotonic():
        raise errors.CredentialsRefused(f"{call}: these credentials were refused less than 15 minutes ago")


def _send(call: Call, body: IO[bytes]) -> requests.Response:
    """Send one request and spool the answer. Each chunk is held against the deadline: a drip never times out a read."""
    ena = settings.EMG_CONFIG.ena
    seconds = min(ena.call_seconds, call.seconds)
    deadline = time.monotonic() + seconds
    try:
        with _session().request(
            call.method,
            call.url,
            params=call.params if call.method == "GET" else None,
            data=call.params if call.method == "POST" and call.json is None else None,
            files=call.files or None,
            json={name: _opened(value) for name, value in call.json.items()} if call.json else None,
            headers={"Authorization": f"Bearer {_opened(call.bearer)}"} if call.bearer else None,
            auth=(call.credentials.account, call.credentials.password) if call.credentials else _anonymously,
            timeout=(ena.connect_seconds, min(ena.read_seconds, seconds)),
            stream=True,
            allow_redirects=False,
        ) as response:
            while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
                body.write(chunk)
                if time.monotonic() > deadline:
                    raise errors.TimedOut(f"not finished after {seconds:g} s")
            return response
    except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
        raise errors.TimedOut(f"no answer within {ena.connect_seconds:g} s and {ena.read_seconds:g} s") from error
    except urllib3.exceptions.ProtocolError as error:
        raise errors.IncompleteAnswer(f"the answer broke off: {error.args[0]}") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise errors.ServerFailed(f"{type(error).__name__}: the connection failed") from error


def _heed(call: Call, response: requests.Response) -> None:
    """Do at once what ENA asks of us, whatever becomes of the answer."""
    status, retry_after = response.status_code, response.headers.get("Retry-After", "")
    if status in (401, 403) and call.credentials:
        _refused_until[call.url, call.credentials] = time.monotonic() + REFUSED_FOR_SECONDS
    if status == 429 or retry_after:
        throttle.pause_everyone(key="portal", seconds=throttle.pause_asked_for(retry_after))


def _opened(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _anonymously(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send no credentials, not even those a ``.netrc`` would put in."""
    return request


@cache
def _session() -> requests.Session:
    session = requests.Session()
    # A session that ENA opens for our hub account must not go along with the next anonymous question.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = f"emgapiv2 (+{settings.EMG_CONFIG.ena.user_agent_contact})"
    return session
