"""The stand-in's Webin: signing in, the people behind an account, and who owns a record (``spec/ena.md`` §2.4)."""

import html
import json
import re
import secrets
from collections.abc import Mapping
from hmac import compare_digest
from itertools import count
from typing import Any

from ena.standin.dataset import DATA, KILLED, PRIVATE, PUBLIC, SUPPRESSED, Dataset, Row, read_table
from ena.standin.faults import Answer, Request

AUTH, REPORT = "/ena/submit/webin/auth", "/ena/submit/report/"
DROP_BOXES = ("/ena/submit/drop-box/submit/", "/ena/test/drop-box/submit/")
ALIAS = re.compile(rb'<PROJECT alias="([^"]+)"')
THERE = 'The object being added already exists in the submission account with accession: "{}".'
REFUSED = Answer(401, b"Unauthorized")
NOT_FOUND = Answer(404, b"Not Found")
RESULTS = {"studies": "study", "samples": "sample", "runs": "read_run", "analyses": "analysis"}
STATUSES = {PUBLIC: "PUBLIC", PRIVATE: "PRIVATE", SUPPRESSED: "SUPPRESSED", KILLED: "KILLED"}


class Webin:
    """The submission accounts; one password is good for all, brokers and data hubs too.

    :param password: without one everybody is refused
    """

    def __init__(self, password: str | None) -> None:
        listed = read_table(DATA / "made_up" / "accounts.tsv")
        self._people = {row["account"]: row for row in listed if row["kind"] == "submission"}
        self._hubs = {row["account"] for row in listed if row["kind"] == "data hub"}
        self._broker_prefix = next(row["account"] for row in listed if row["kind"] == "broker prefix")
        self._password = password
        self._tokens: dict[str, str] = {}
        self._numbers = count(99990001)
        self.registered: dict[tuple[str, str | None, str], str] = {}

    def knows(self, name: str, password: str) -> bool:
        known = name in self._hubs or self.account_of(name) is not None
        return bool(known and self._password and compare_digest(password.encode(), self._password.encode()))

    def account_of(self, name: str) -> str | None:
        """The submission account that somebody signs in as, or for as its broker."""
        account = name.removeprefix(self._broker_prefix)
        return account if account in self._people else None

    def bearer_of(self, header: str) -> str | None:
        """Whose token a request bears."""
        return self._tokens.get(header.removeprefix("Bearer "))

    def answer(self, request: Request, body: bytes, dataset: Dataset) -> Answer:
        if request.path.startswith(AUTH):
            return self._answer_auth(request.path.removeprefix(AUTH), request, body)
        if request.path.startswith(REPORT):
            return self._answer_report(request.path.removeprefix(REPORT), request, dataset)
        return self._answer_drop_box(request, body) if request.path in DROP_BOXES else NOT_FOUND

    def _answer_auth(self, path: str, request: Request, body: bytes) -> Answer:
        """:param path: what follows ``/auth``"""
        if (request.method, path) == ("GET", "/admin/submission-account"):
            return self._people_of(request)
        if request.method != "POST" or path not in ("", "/token"):
            return NOT_FOUND
        asked = credentials_in(body)
        account = self.account_of(asked.get("username", ""))
        if account is None or not self.knows(asked["username"], asked.get("password", "")):
            return REFUSED
        return Answer(200, self._new_token(account).encode() if path else b"")

    def _answer_report(self, path: str, request: Request, dataset: Dataset) -> Answer:
        """One record, told to its owner; nothing to anybody else.

        :param path: ``<kind>/<accession>``
        """
        kind, _, accession = path.partition("/")
        if kind not in RESULTS:
            return NOT_FOUND
        if request.account is None:
            return REFUSED
        result, row = dataset.find(accession) or ("", {})
        owner = dataset.owner_of(row) if result == RESULTS[kind] else ""
        owned = owner and owner == self.account_of(request.account)
        return _json([{"report": _report(row, accession, dataset), "links": []}] if owned else [])

    def _answer_drop_box(self, request: Request, body: bytes) -> Answer:
        """A receipt. Each box and account has a project of an alias once; no portal shows it."""
        found = ALIAS.search(body)
        if request.account is None or self.account_of(request.account) is None:
            return REFUSED
        if request.method != "POST" or found is None or b"<ADD/>" not in body:
            return _receipt("<MESSAGES><ERROR>No project to add.</ERROR></MESSAGES>", success=False)
        key = (request.path, request.account, found[1].decode())
        if key in self.registered:
            told = html.escape(THERE.format(self.registered[key]), quote=False)
            return _receipt(f"<MESSAGES><ERROR>{told}</ERROR></MESSAGES>", success=False)
        number = next(self._numbers)
        self.registered[key] = f"PRJEB{number}"
        return _receipt(f'<PROJECT accession="PRJEB{number}"><EXT_ID accession="ERP{number}" type="study"/></PROJECT>')

    def _new_token(self, account: str) -> str:
        """Shaped like a JWT, which nobody but us can read anything from."""
        token = ".".join(secrets.token_urlsafe(length) for length in (27, 48, 32))
        self._tokens[token] = account
        return token

    def _people_of(self, request: Request) -> Answer:
        person = self._people.get(request.account or "")
        if person is None:
            return REFUSED
        assistant = {"emailAddress": f"assistant-{person['email']}", "mainContact": False, "consortium": ""}
        main = {"emailAddress": person["email"], "mainContact": person["role"] == "main contact"}
        main |= {"firstName": "Made", "surname": "Up", "consortium": "Standing In"}
        return _json({"id": person["account"], "country": "none", "submissionContacts": [assistant, main]})


def credentials_in(body: bytes) -> dict[str, str]:
    """The texts of a JSON object; nothing of any other body."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return {key: value for key, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}


def _report(row: Row, accession: str, dataset: Dataset) -> Mapping[str, Any]:
    return {
        "id": accession,
        "alias": row.get("study_alias") or row.get("sample_alias") or row.get("run_alias") or accession,
        "firstCreated": row.get("first_created", ""),
        "firstPublic": row.get("first_public", ""),
        "releaseStatus": STATUSES[dataset.state_of(row).level],
        "submissionAccountId": dataset.owner_of(row),
    }


def _receipt(inner: str, *, success: bool = True) -> Answer:
    text = f'<?xml version="1.0" encoding="UTF-8"?><RECEIPT success="{str(success).lower()}">{inner}</RECEIPT>'
    return Answer(200, text.encode(), "application/xml")


def _json(what: Any) -> Answer:
    return Answer(200, json.dumps(what).encode(), "application/json")
