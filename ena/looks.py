"""Looking at a study: five questions, until one verdict is certain (``spec/ena.md`` §6). Network only."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from django.conf import settings

from ena import errors, questions
from ena.accessions import Parsed
from ena.credentials import Credentials, hub_credentials
from ena.listings import Listing, ask_portals, list_by_accession, study_query
from ena.models import Verdict
from ena.query import render
from ena.records import STUDY_COLUMNS, Record, ResultType, read_record
from ena.verdicts import Evidence, Finding, decide

logger = logging.getLogger(__name__)


@dataclass
class Look:
    """One look: the verdict, what it rests on, and the record if ENA gave one."""

    accession: str
    verdict: Verdict = Verdict.UNKNOWN
    evidence: Evidence = field(default_factory=Evidence)
    record: Record | None = None
    asked: frozenset[str] = frozenset()
    dropped_fields: frozenset[str] = frozenset()
    questions: list[dict[str, str | int | float]] = field(default_factory=list)
    problem: str = ""
    started: float = field(default_factory=time.monotonic)
    seconds: float = 0

    def keep(self, found: Sequence[Record], listing: Listing) -> None:
        """Keep the record: the first portal wins, a later one fills the gaps, one that is missing empties nothing."""
        self.record = reduce(Record.filled_by, found)
        self.asked = listing.asked if listing.complete else frozenset()
        self.dropped_fields = listing.dropped_fields


def look_at_study(accession: Parsed) -> Look:
    """Ask the questions in order until one verdict is certain. A question that fails ends the look as unknown."""
    look = Look(accession.text)
    in_order: dict[str, Callable[[Look], Finding | str]] = {
        "search": _search_study,
        "by_records": _search_its_records,
        "hub": _search_as_hub,
        "browser": lambda look: questions.record_status(look.accession) or Finding.NONE,
        "control": _search_control,
    }
    found: Any
    for name, ask in in_order.items():
        try:
            found = ask(look)
        except errors.EnaError as error:
            loud = isinstance(error, (errors.CredentialsRefused, errors.MissingCredentials))
            logger.log(logging.ERROR if loud else logging.WARNING, "Look at %s, %s: %s", look.accession, name, error)
            found, look.problem = Finding.UNKNOWN, str(error)
        look.evidence = replace(look.evidence, **{name: found})
        look.verdict = decide(look.evidence)
        if look.verdict != Verdict.UNKNOWN or found == Finding.UNKNOWN:
            break
    look.seconds = time.monotonic() - look.started
    return look


def find_public_studies(accessions: Sequence[str]) -> dict[str, Look]:
    """Ask for many studies in one question: a look at each that is found. The others need a look of their own.

    :raises EnaError: the question failed
    """
    looks: dict[str, Look] = {}
    started = time.monotonic()
    with list_by_accession(ResultType.STUDY, accessions) as listing:
        for _, record in listing.records():
            for accession in set(accessions).intersection(record.accessions):
                found = Look(accession, Verdict.PUBLIC, Evidence(search=Finding.FOUND), started=started)
                look = looks.setdefault(accession, found)
                look.questions = listing.evidence
                look.keep([look.record, record] if look.record else [record], listing)
    return looks


def why_not_available(look: Look) -> str:
    """Tell a person what a look without a study means, and what to do."""
    evidence = look.evidence
    if look.record:
        return f"{look.accession} was found, but {look.problem}"
    if (evidence.search, evidence.by_records) != (Finding.NONE, Finding.NONE):
        return f"ENA did not answer when asked for {look.accession}. Nothing was changed; try again. {look.problem}"
    reason = look.problem
    if look.verdict == Verdict.ABSENT:
        reason = f"its record is {evidence.browser}" if evidence.positive else "nor has it a record of that name"
    elif not reason:
        reason = f"whether it is private or not yet searchable cannot be told (its record: {evidence.browser})"
    return (
        f"ENA does not know {look.accession}: no search finds it; {reason}. Nothing was changed. "
        "Check the accession; a study released in the last 48 hours may not be searchable yet"
    )


def _search_study(look: Look, hub: Credentials | None = None) -> Finding:
    query = study_query([look.accession])
    with ask_portals(ResultType.STUDY, [query], hub=hub) as listing:
        look.questions += listing.evidence
        found = [record for _, record in listing.records() if look.accession in record.accessions]
    if not found:
        return Finding.NONE if listing.complete else Finding.UNKNOWN
    look.keep(found, listing)
    return Finding.FOUND


def _search_its_records(look: Look) -> Finding:
    """Look for a study by its runs and analyses: some are in no row of the ``study`` result."""
    for result in (ResultType.READ_STUDY, ResultType.ANALYSIS_STUDY):
        for name in settings.EMG_CONFIG.ena.data_portals:
            if record := _find(look, result, look.accession, name):
                look.record = record
                return Finding.FOUND
    return Finding.NONE


def _search_as_hub(look: Look) -> Finding:
    hub = hub_credentials()
    return _search_study(look, hub) if hub else Finding.NO_HUB


def _search_control(look: Look) -> Finding:
    """Ask both for a study that is always public: if even that is missing, it is ENA or its address that is wrong."""
    control, name = settings.EMG_CONFIG.ena.control_study, settings.EMG_CONFIG.ena.data_portals[0]
    found = _find(look, ResultType.STUDY, control, name) and questions.record_status(control)
    return Finding.FOUND if found else Finding.NONE


def _find(look: Look, result: ResultType, accession: str, name: str) -> Record | None:
    """Ask one portal for no more than the accessions of a study."""
    query = render(study_query([accession]))
    with questions.search(result=result, query=query, fields=STUDY_COLUMNS, portal=name) as answer:
        look.questions.append({"result": result, "portal": name, "query": query, "rows": answer.rows})
        records = (read_record(ResultType.STUDY, row) for row in answer)
        return next((record for record in records if record and accession in record.accessions), None)
