"""Signing in with a Webin account (``spec/ena.md`` §13): yes, no, or nobody knows.

A password is used once and dropped; so is the token that ENA gives for it.
"""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from pydantic import SecretStr

from ena.accessions import made_up_in
from ena.errors import EnaUnavailable
from ena.portal import Call, ask_webin

logger = logging.getLogger(__name__)
ACCOUNT = r"Webin-[0-9]{1,19}"
TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
REALMS = ["ENA", "EGA"]
REFUSALS = (401, 403)
SIGN_IN_SECONDS = 10
STANDIN_PATHS = {
    "token_endpoint": "/ena/submit/webin/auth/token",
    "account_details_endpoint": "/ena/submit/webin/auth/admin/submission-account",
    "drop_box_url": "/ena/submit/drop-box/submit/",
    "drop_box_test_url": "/ena/test/drop-box/submit/",
}


@dataclass(frozen=True)
class Signed:
    """The bare account, also where its broker signed in for it."""

    webin_account: str
    as_broker: bool = False


@dataclass(frozen=True)
class Refused:
    """ENA knows no such account with this password, or the name can be no account's."""


@dataclass(frozen=True)
class Contact:
    email_address: str
    first_name: str | None
    surname: str | None
    main_contact: bool
    consortium: str | None


def account_named(username: str) -> Signed | None:
    """Whom a name stands for, by its form alone; None if no account can have it.

    ``mg-Webin-1`` is the broker of ``Webin-1``, with a password of its own.
    """
    broker = re.escape(settings.EMG_CONFIG.webin.broker_prefix)
    found = re.fullmatch(rf"({broker})?({ACCOUNT})", username)
    return Signed(found[2], as_broker=bool(found[1])) if found else None


def authenticate_webin_account(username: str, password: SecretStr) -> Signed | Refused:
    """Ask ENA whether the password is right.

    :raises EnaUnavailable: ENA did not say; that is neither a yes nor a no
    """
    signed = account_named(username)
    if signed is None or _ena_token(username, password) is None:
        return Refused()
    logger.info("%s signed in%s", signed.webin_account, " as broker" if signed.as_broker else "")
    return signed


def get_webin_contacts(username: str, password: SecretStr) -> list[Contact] | Refused:
    """List the people behind an account, the main contact first.

    :raises EnaUnavailable: ENA did not say, or not in a form that we know
    """
    token = _ena_token(username, password) if account_named(username) else None
    if token is None:
        return Refused()
    status, text = ask_webin(Call("GET", address_of("account_details_endpoint"), bearer=token, seconds=SIGN_IN_SECONDS))
    if status in REFUSALS:
        return Refused()
    try:
        people = json.loads(text)["submissionContacts"] if status == 200 else None
        contacts = [_contact(person) for person in people]
    except (ValueError, TypeError, KeyError, AttributeError):
        contacts = None
    if contacts is None:
        raise EnaUnavailable(f"Webin told no contacts: status {status}, {len(text)} characters of another form")
    return sorted(contacts, key=lambda contact: not contact.main_contact)


def _ena_token(username: str, password: SecretStr) -> SecretStr | None:
    """ENA's token for an account, which proves that Webin itself said yes: any server can answer 200. None: refused."""
    if made_up_in(username) and not settings.EMG_CONFIG.ena.standin_url:
        return None
    body = {"authRealms": REALMS, "username": username, "password": password}
    status, text = ask_webin(Call("POST", address_of("token_endpoint"), json=body, seconds=SIGN_IN_SECONDS))
    if status in REFUSALS:
        return None
    if status != 200 or not TOKEN.fullmatch(text.strip()):
        raise EnaUnavailable(f"Webin said neither yes nor no: status {status}, {len(text)} characters")
    return SecretStr(text.strip())


def _contact(person: Mapping[str, Any]) -> Contact:
    return Contact(
        email_address=person["emailAddress"],
        first_name=person.get("firstName") or None,
        surname=person.get("surname") or None,
        main_contact=bool(person.get("mainContact")),
        consortium=person.get("consortium") or None,
    )


def address_of(endpoint: str) -> str:
    """An address of Webin by its setting; the stand-in's, where there is one."""
    ena = settings.EMG_CONFIG.ena
    if ena.standin_url:
        return ena.standin_url.rstrip("/") + STANDIN_PATHS[endpoint]
    return getattr(settings.EMG_CONFIG.webin, endpoint)
