"""The only module that opens a connection to ENA (``spec/ena.md`` §5.3).

Every body is spooled, checked, and only then handed on: a retry never repeats a row, the database never waits on ENA.
"""

import logging
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
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
from ena.answers import Answer

logger = logging.getLogger(__name__)
MEMORY_BYTES, CHUNK_BYTES = 1 << 20, 1 << 16
SIGN_IN_SECONDS, SIGN_INS_PER_SECOND, REFUSED_FOR_SECONDS = 10, 2, 900
RETRIED_STATUSES = {408, 425, 500, 502, 503, 504}
INVALID_FIELDS = re.compile(r"Invalid fieldName\(s\) supplied:\s*([\w,\s]+)")
T = TypeVar("T")
STATUS_ATTRIBUTE = re.compile(r"<TAG>\s*ENA-STATUS\s*</TAG>\s*<VALUE>\s*(\w[^<]*)", re.IGNORECASE)
_refused_until: dict[tuple[str, "Credentials"], float] = {}
HUB_PORTALS = {"dcc_metagenome": "metagenome", "dcc_compare": "pathogen", "dcc_faang": "faang"}


@dataclass(frozen=True)
class Credentials:
    """A data hub account; its ``repr`` is blank, so that no log or traceback can show it."""

    account: str
    password: str

    def __repr__(self) -> str:
        return "Credentials()"

    @property
    def portal(self) -> str:
        return HUB_PORTALS.get(self.account, "ena")


def hub_credentials() -> Credentials | None:
    """Our data hub account, or None where the installation says that it has none (an empty name).

    :raises MissingCredentials: an account without a password; there is no silent "no auth"
    """
    webin = settings.EMG_CONFIG.webin
    if not webin.dcc_account:
        return None
    if webin.dcc_password is None or not webin.dcc_password.get_secret_value():
        raise errors.MissingCredentials(
            f"EMG_WEBIN__DCC_ACCOUNT is {webin.dcc_account}, but EMG_WEBIN__DCC_PASSWORD is not set: "
            "private studies cannot be asked for. Set it, or set the account empty if there is no data hub"
        )
    return Credentials(webin.dcc_account, webin.dcc_password.get_secret_value())


@dataclass(frozen=True)
class Call:
    """One question to one address; ``str()`` of it goes into logs and errors.

    :param json: a body instead of a form; its secrets are opened at the last moment
    :param seconds: for all of it, where that is less than for others
    """

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    credentials: Credentials | None = None
    json: Mapping[str, object] | None = None
    bearer: SecretStr | None = None
    seconds: float = float("inf")

    def __str__(self) -> str:
        shown = (f"{name}={self.params[name]}" for name in ("result", "dataPortal", "query") if name in self.params)
        return " ".join([self.method, self.url, *shown])


def count(*, result: str, query: str, portal: str, credentials: Credentials | None = None) -> int:
    """Ask how many rows a question has."""
    selection = _selection(result, query, portal, credentials)
    return _ask(Call("POST", f"{_base('portal')}/count", selection, credentials), answers.check_count)


def search(
    *,
    result: str,
    query: str,
    fields: Sequence[str],
    portal: str,
    credentials: Credentials | None = None,
    counted: int | None = None,
) -> Answer:
    """Fetch every row of a question, proved complete against ``/count``. The caller closes the answer.

    :param counted: what ``/count`` has just said, if it was asked
    :raises EnaError: see :mod:`ena.errors`; nothing of a doubtful answer is handed on
    """
    selection = _selection(result, query, portal, credentials) | {"fields": ",".join(fields), "limit": "0"}
    rows = Call("POST", f"{_base('portal')}/search", selection, credentials)
    counted = count(result=result, query=query, portal=portal, credentials=credentials) if counted is None else counted
    for _ in range(2):
        answer = _ask(rows, lambda body: Answer(fields, answers.check_rows(body, fields), body))
        if answer.rows != counted:
            counted = count(result=result, query=query, portal=portal, credentials=credentials)
        if answer.rows == counted:
            return answer
        answer.body.close()
    raise errors.IncompleteAnswer(f"{rows}: {answer.rows} rows, but /count says {counted}")


def _selection(result: str, query: str, portal: str, credentials: Credentials | None) -> dict[str, str]:
    selection = {"result": result, "query": query, "dataPortal": portal, "includeMetagenomes": "true", "format": "json"}
    return selection | {"dccDataOnly": "true"} if credentials else selection


def return_fields(*, result: str, portal: str) -> frozenset[str]:
    """List the columns that ENA returns today for a result in a portal."""
    params = {"result": result, "dataPortal": portal, "format": "json"}
    return _ask(Call("GET", f"{_base('portal')}/returnFields", params), answers.check_catalogue)


def record_status(accession: str) -> str | None:
    """Ask the browser what became of a record.

    :return: ENA's word (``public``, ``suppressed``, ``killed`` …), ``unstated``, or None if there is no such record
    """
    try:
        text = _ask(Call("GET", f"{_base('browser')}/xml/{accession}"), _start_of)
    except errors.NotFound:
        return None
    found = STATUS_ATTRIBUTE.search(text)
    return found.group(1).strip().lower() if found else "unstated"


def ask_webin(
    *, url: str, json: Mapping[str, object] | None = None, bearer: SecretStr | None = None
) -> tuple[int, str]:
    """Ask Webin once, and once more where the connection failed: POST with a body, else GET.

    No error holds what was sent in the clear: its cause, which does, is left behind.

    :return: the status and the text, of which nothing is believed yet
    :raises EnaUnavailable: no whole answer within ten seconds
    """
    call = Call("POST" if json else "GET", url, json=json, bearer=bearer, seconds=SIGN_IN_SECONDS)
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
                return response.status_code, _start_of(body)
        if is_last or not failed:
            break
    raise errors.EnaUnavailable(told)


def _start_of(body: IO[bytes]) -> str:
    return body.read(MEMORY_BYTES).decode("utf-8", "replace")


def _base(api: str) -> str:
    ena = settings.EMG_CONFIG.ena
    if ena.standin_url:
        return f"{ena.standin_url.rstrip('/')}/ena/{api}/api"
    return ena.portal_api if api == "portal" else ena.browser_api


def _ask(call: Call, check: Callable[[IO[bytes]], T]) -> T:
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
            _judge(call, response, body)
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
    found = made_up_in(" ".join([call.url, *call.params.values()]))
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


def _judge(call: Call, response: requests.Response, body: IO[bytes]) -> None:
    """Raise what a status means, and what looks like no answer at all."""
    body.seek(0)
    start = body.read(2000).decode("utf-8", "replace")
    status, retry_after = response.status_code, response.headers.get("Retry-After", "")
    told = f"status {status}: {start[:200] or 'no text'}"
    if status in (401, 403):
        if call.credentials:
            _refused_until[call.url, call.credentials] = time.monotonic() + REFUSED_FOR_SECONDS
        raise errors.CredentialsRefused(f"{call}: {told}")
    if status == 400 or (status == 500 and "Unknown search field" in start):
        names = INVALID_FIELDS.search(start)
        raise errors.QueryRefused(f"{call}: {told}", tuple(re.findall(r"\w+", names.group(1))) if names else ())
    if status == 429 or retry_after:
        throttle.pause_everyone(key="portal", seconds=throttle.pause_asked_for(retry_after))
    if status == 429:
        raise errors.RateLimited(told)
    if status in RETRIED_STATUSES:
        raise errors.ServerFailed(told)
    if "html" in response.headers.get("Content-Type", "") or start.lstrip().startswith('{"message"'):
        raise errors.ForeignAnswer(told)
    if status == 404:
        raise errors.NotFound(f"{call}: {told}")
    if status not in (200, 204):
        raise errors.ForeignAnswer(told)


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
