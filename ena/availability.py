"""Is a study public, private, gone, or can we not tell? (``spec/ena.md`` §6) The one door of levels.

:func:`look_at_study` asks (network, no transaction); :func:`decide` is pure; :func:`record_availability` writes.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import reduce
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils.dateparse import parse_date

from ena import errors, portal
from ena.accessions import Parsed
from ena.listings import Listing, ask_portals, list_by_accession, study_query
from ena.models import Cause, Noun, Outcome, Study, SyncKind, SyncRun, Verdict, Visibility, VisibilityEvent
from ena.query import render
from ena.records import STUDY_COLUMNS, Record, ResultType, read_record

logger = logging.getLogger(__name__)
LOOK_AGAIN = timedelta(days=6.5)  # a nightly pass is never quite on time, and a week is the most
POSITIVE = {"suppressed": Cause.ENA_SUPPRESSED, "killed": Cause.ENA_KILLED}  # also "temporarily suppressed"
LEVEL_OF = {Verdict.PUBLIC: Visibility.PUBLIC, Verdict.PRIVATE: Visibility.PRIVATE}


class Finding(StrEnum):
    """The outcome of one question. ``NO_HUB`` is an installation that says it has none."""

    FOUND = "found"
    NONE = "none"
    UNKNOWN = "unknown"
    NOT_ASKED = "not asked"
    NO_HUB = "no hub"


@dataclass(frozen=True)
class Evidence:
    """What the five questions found. ``browser`` is ENA's word for the record, ``none`` for 404."""

    search: Finding = Finding.NOT_ASKED
    by_records: Finding = Finding.NOT_ASKED
    hub: Finding = Finding.NOT_ASKED
    browser: str = Finding.NOT_ASKED
    control: Finding = Finding.NOT_ASKED

    @property
    def positive(self) -> Cause | None:
        """What ENA says that it did to the record, if it says so."""
        return next((cause for word, cause in POSITIVE.items() if word in self.browser), None)


def decide(evidence: Evidence) -> Verdict:
    """Turn evidence into a verdict. Only what is proved counts; the rest is unknown, and unknown changes nothing."""
    if Finding.FOUND in (evidence.search, evidence.by_records):
        return Verdict.PUBLIC
    if (evidence.search, evidence.by_records) != (Finding.NONE, Finding.NONE):
        return Verdict.UNKNOWN
    if evidence.hub == Finding.FOUND:
        return Verdict.PRIVATE
    gone = evidence.positive or (evidence.browser == Finding.NONE and evidence.hub == Finding.NONE)
    if gone and evidence.hub in (Finding.NONE, Finding.NO_HUB) and evidence.control == Finding.FOUND:
        return Verdict.ABSENT
    return Verdict.UNKNOWN


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
    questions: dict[str, Callable[[Look], Finding | str]] = {
        "search": _search_study,
        "by_records": _search_its_records,
        "hub": _search_as_hub,
        "browser": lambda look: portal.record_status(look.accession) or Finding.NONE,
        "control": _search_control,
    }
    found: Any
    for name, ask in questions.items():
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


def record_availability(*, look: Look, actor: str, report: dict[str, Any]) -> Study | None:
    """Write a look: the level if the verdict is certain, a strike for an absence, the evidence always.

    A look that began before the level was last told for certain may hide the study, but never open it.

    :param report: what became of the record
    :return: the study, or None if we have no row of it
    """
    with transaction.atomic():
        known = Study.objects.select_for_update(of=("self",)).filter(aliases__accession=look.accession)
        study = known.annotate(now=Now()).first()
        if study is None:
            return None
        began = study.now - timedelta(seconds=time.monotonic() - look.started)
        opens = LEVEL_OF.get(look.verdict, study.visibility) < study.visibility
        if opens and study.certain_at and study.certain_at > began:
            look.verdict, look.problem = (Verdict.UNKNOWN, "a look that ended meanwhile has hidden it; try again")
        sync_run = SyncRun.objects.create(
            kind=SyncKind.LOOK,
            study=study,
            outcome=Outcome.PARTIAL if look.verdict == Verdict.UNKNOWN else Outcome.COMPLETE,
            verdict=look.verdict,
            report={
                "questions": look.questions,
                "evidence": vars(look.evidence),
                "problem": look.problem,
                "mirror": report,
            },
            actor=actor,
            started_at=Now() - timedelta(seconds=look.seconds),
            finished_at=Now(),
        )
        changes = _changes(study, look, study.now)
        level = changes.get("visibility", study.visibility)
        Study.objects.filter(pk=study.pk).update(**changes)
        if level != study.visibility:
            VisibilityEvent.objects.create(
                noun=Noun.ENA_STUDY,
                object_id=study.pk,
                accession=study.accession,
                from_level=study.visibility,
                to_level=level,
                cause=look.evidence.positive or Cause(f"ena_{look.verdict}"),
                actor=actor,
                sync_run=sync_run,
                note=look.problem,
            )
    study.refresh_from_db()
    return study


def set_own_visibility(*, model: type[models.Model], ids: Sequence[int], level: int, actor: str, note: str = "") -> int:
    """Let a curator say the level of rows of another room, which hands its model in.

    ``absent_since`` is cleared where the model has one, so that ENA never undoes a curator: not even one who says of
    what ENA has withdrawn that it shall stay so.

    :return: the number of rows that this changed
    """
    with transaction.atomic():
        cleared = {"absent_since": None} if hasattr(model, "absent_since") else {}
        moving = model._default_manager.select_for_update().filter(pk__in=ids).exclude(own_visibility=level, **cleared)
        rows: list[Any] = list(moving.order_by("pk"))
        model._default_manager.filter(pk__in=[row.pk for row in rows]).update(own_visibility=level, **cleared)
        VisibilityEvent.objects.bulk_create(
            VisibilityEvent(
                noun=str(model._meta.model_name),
                object_id=row.pk,
                accession=str(row),
                from_level=row.own_visibility,
                to_level=level,
                cause=Cause.CURATOR,
                actor=actor,
                note=note,
            )
            for row in rows
        )
    return len(rows)


def _changes(study: Study, look: Look, now: datetime) -> dict[str, Any]:
    """Say what a verdict writes into a study's row."""
    ena = settings.EMG_CONFIG.ena
    if look.verdict == Verdict.UNKNOWN:
        looks = study.sync_runs.filter(kind=SyncKind.LOOK, verdict=Verdict.UNKNOWN)
        if study.certain_at:
            looks = looks.filter(finished_at__gt=study.certain_at)
        unknown_for = now - looks.aggregate(first=models.Min("finished_at"))["first"]
        wait = min(max(unknown_for, timedelta(hours=1)), timedelta(hours=24))
        return {"looked_at": now, "next_look_at": now + wait}
    certain = {"looked_at": now, "certain_at": now, "next_look_at": now + LOOK_AGAIN}
    if look.verdict == Verdict.ABSENT:
        wait = timedelta(hours=ena.strike_hours_positive if look.evidence.positive else ena.strike_hours)
        if study.absent_since is not None and now - study.absent_since >= wait:
            return certain | {"visibility": Visibility.SUPPRESSED}
        since = study.absent_since or now
        return {"looked_at": now, "next_look_at": since + wait, "absent_since": since}
    # A release ahead opens nothing by itself: the day after it is a reason to look.
    release = _day(look.record.metadata.get("first_public", "")) if look.record else None
    if release and now.date() <= release < (now + LOOK_AGAIN).date():
        day_after = datetime.combine(release + timedelta(days=1), datetime.min.time(), tzinfo=now.tzinfo)
        certain["next_look_at"] = min(day_after, now + LOOK_AGAIN)
    return certain | {"visibility": LEVEL_OF[look.verdict], "absent_since": None}


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:  # well formed, but no day of the calendar
        return None


def _search_study(look: Look, hub: portal.Credentials | None = None) -> Finding:
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
    hub = portal.hub_credentials()
    return _search_study(look, hub) if hub else Finding.NO_HUB


def _search_control(look: Look) -> Finding:
    """Ask both for a study that is always public: if even that is missing, it is ENA or its address that is wrong."""
    control, name = settings.EMG_CONFIG.ena.control_study, settings.EMG_CONFIG.ena.data_portals[0]
    found = _find(look, ResultType.STUDY, control, name) and portal.record_status(control)
    return Finding.FOUND if found else Finding.NONE


def _find(look: Look, result: ResultType, accession: str, name: str) -> Record | None:
    """Ask one portal for no more than the accessions of a study."""
    query = render(study_query([accession]))
    with portal.search(result=result, query=query, fields=STUDY_COLUMNS, portal=name) as answer:
        look.questions.append({"result": result, "portal": name, "query": query, "rows": answer.rows})
        records = (read_record(ResultType.STUDY, row) for row in answer)
        return next((record for record in records if record and accession in record.accessions), None)
