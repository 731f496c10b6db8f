"""Registering a study by ENA's drop-box (``spec/pipelines.md`` §3.4). Its alias is ENA's own guard against a twin."""

import html
import re
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string

from ena.credentials import Credentials
from ena.errors import CredentialsRefused, EnaUnavailable, RegistrationRefused
from ena.models import Accession, Cause, Noun, Study, VisibilityEvent
from ena.portal import Call, ask_webin
from ena.webin import REFUSALS, address_of

MADE = re.compile(r'<PROJECT\b[^>]*\baccession="(PRJ[A-Z]{2}[0-9]+)"')
SECONDARY = re.compile(r'<EXT_ID\b[^>]*\baccession="([EDS]RP[0-9]{6,})"')
ALREADY_MADE = re.compile(r'already exists in the submission account with accession: "?(PRJ[A-Z]{2}[0-9]+)')
ANSWER_SECONDS = 60
UNTIL_PORTALS_KNOW = timedelta(days=30)


@dataclass(frozen=True)
class NewStudy:
    """``hold_until``: the day on which ENA makes it public; None = at once."""

    alias: str
    title: str
    description: str
    hold_until: date | None = None


def register_study(study: NewStudy, *, credentials: Credentials, test_service: bool = False) -> list[str]:
    """Register a study for assemblies of others' reads; one that has this alias already is taken for it.

    :return: its accessions, the primary one first
    :raises CredentialsRefused: trying again could lock the account
    :raises RegistrationRefused: with ENA's words
    :raises EnaUnavailable: nobody knows whether it was made; asking again tells
    """
    url = address_of("drop_box_test_url" if test_service else "drop_box_url")
    files = {name.upper(): render_to_string(f"ena/{name}.xml", {"study": study}) for name in ("project", "submission")}
    status, text = ask_webin(Call("POST", url, files=files, credentials=credentials, seconds=ANSWER_SECONDS))
    if status in REFUSALS:
        raise CredentialsRefused(f"ENA refused the password of {credentials.account}")
    receipt = html.unescape(text)
    if 'success="true"' in receipt and (made := MADE.search(receipt)):
        return [made[1], *SECONDARY.findall(receipt)]
    if known := ALREADY_MADE.search(receipt):
        return [known[1]]
    if 'success="false"' in receipt and "</RECEIPT>" in receipt:
        raise RegistrationRefused(f"ENA made no study {study.alias}: {receipt[:2000]}")
    raise EnaUnavailable(f"ENA's drop-box answered status {status} without a whole receipt")


@transaction.atomic
def keep_registered(study: NewStudy, *, accessions: list[str], level: int, owner: str | None, actor: str) -> Study:
    """Mirror what ENA's receipt says, before its portals know of it: they are first asked after a month.

    :param level: of its assemblies; what ENA says later goes before it
    """
    aliases = Accession.objects.filter(accession__in=accessions, study__isnull=False)
    if known := Study.objects.filter(aliases__in=aliases).first():
        return known
    made = Study.objects.create(
        accession=accessions[0],
        title=study.title,
        metadata={"study_alias": study.alias, "study_title": study.title},
        webin_owner=owner,
        visibility=level,
        certain_at=Now(),
        next_look_at=Now() + UNTIL_PORTALS_KNOW,
    )
    Accession.objects.bulk_create(
        Accession(accession=name, study=made, is_primary=name == accessions[0]) for name in accessions
    )
    VisibilityEvent.objects.create(
        noun=Noun.ENA_STUDY,
        object_id=made.pk,
        accession=made.accession,
        from_level=made.visibility,
        to_level=made.visibility,
        cause=Cause.ENA_PRIVATE if made.visibility else Cause.ENA_PUBLIC,
        actor=actor,
        note="registered for assemblies",
    )
    return made
