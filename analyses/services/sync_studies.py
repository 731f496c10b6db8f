"""All mirrored studies, kept up to date (``spec/ena.md`` §7.2)."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Max, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from analyses.models import Study
from analyses.services.adopt_study import adopt_study
from analyses.services.refresh_study import AbsencesHeld, refresh_children
from ena.accessions import Kind, parse_accession
from ena.errors import EnaError, EnaUnavailable, StudyNotAvailable
from ena.listings import ACCESSIONS_A_POST, list_changed
from ena.looks import Look, find_public_studies, look_at_study
from ena.models import Outcome, SyncKind, SyncRun, Verdict
from ena.models import Study as EnaStudy
from ena.records import SHOWN, ResultType
from ena.services import look_again, store_look

logger = logging.getLogger(__name__)
CHANGED = (ResultType.STUDY, ResultType.SAMPLE, ResultType.READ_RUN, ResultType.ANALYSIS)
FEW = 3  # so many studies may go in one pass, however small it is
AGAIN = timedelta(hours=1)
SUSPICIOUS = "SuspiciousDisappearance: too many studies are absent at once; none of them is believed"


@dataclass
class SyncReport:
    """What one pass did. ``failed``: accession (or question) -> why; each is tried again by the next pass.

    ``complete``: ENA answered whatever it was asked. A study that it does not tell enough of, or that we cannot store,
    is failed all the same; the cursor does not wait for those.
    """

    due: int = 0
    changed: int = 0
    refreshed: int = 0
    absent: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    answers: int = 0
    complete: bool = True
    through: date | None = None

    def miss(self, what: str, why: str) -> None:
        """Note an answer that ENA owes us."""
        self.failed[what], self.complete = why, False


def sync_studies(*, actor: str, limit: int | None = None) -> SyncReport:
    """Refresh every mirrored study that is due. Killed anywhere, the next pass does the rest.

    1. Ask what changed since the last complete pass; what is mirrored of it becomes due.  2. Ask for the due studies, a
    hundred at once; found ones are public and refreshed with their listings.  3. The others get a look of their own.
    Absences are written last: too many in one pass are not believed.  4. The cursor moves if every answer was complete.
    """
    started, report = timezone.now(), SyncReport()
    through = SyncRun.objects.filter(kind=SyncKind.SWEEP).aggregate(last=Max("through"))["last"]
    if through:
        _mark_changed(through - timedelta(days=settings.EMG_CONFIG.ena.cursor_overlap_days), report)
    due = list(_due().order_by("next_look_at", "pk").values_list("accession", flat=True)[:limit])
    report.due = len(due)
    gone: list[Look] = []
    for look in _look_at(due, report):
        if look.verdict == Verdict.ABSENT:
            gone.append(look)
            if _too_many(gone, report):
                break
        else:
            _refresh(look, report, actor)
    for look in gone:
        report.absent.append(look.accession)
        if _too_many(gone, report):
            look.verdict, look.problem = Verdict.UNKNOWN, SUSPICIOUS
        _refresh(look, report, actor)
    if _too_many(gone, report):
        logger.error("%s: %s of %s", SUSPICIOUS, len(gone), len(due))
    report.through = started.date() if report.complete else None
    SyncRun.objects.create(
        kind=SyncKind.SWEEP,
        outcome=Outcome.PARTIAL if report.failed else Outcome.COMPLETE,
        through=report.through,
        report={
            **vars(report),
            "failed": dict(list(report.failed.items())[:SHOWN]),
            "failures": len(report.failed),
            "through": str(report.through),
        },
        actor=actor,
        started_at=started,
        finished_at=Now(),
    )
    return report


def _due() -> QuerySet[EnaStudy]:
    return EnaStudy.objects.filter(next_look_at__lte=Now(), mgnify_study__merged_into=None, mgnify_study__isnull=False)


def _mark_changed(since: date, report: SyncReport) -> None:
    """Let those mirrored studies be due that ENA has touched. A date may stand still: it is not the only reason."""
    studies: set[str] = set()
    for result in CHANGED:
        try:
            with list_changed(result, since=since) as listing:
                for _, record in listing.records():
                    studies.update(record.accessions if result == ResultType.STUDY else record.parents[Kind.STUDY])
                report.answers += 1
                if not listing.complete:
                    report.miss(f"changed {result}", "a portal did not answer")
        except EnaError as error:
            report.miss(f"changed {result}", str(error))
    report.changed = look_again(accessions=list(studies))


def _look_at(due: list[str], report: SyncReport) -> Iterator[Look]:
    for start in range(0, len(due), ACCESSIONS_A_POST):
        some = _due().filter(accession__in=due[start : start + ACCESSIONS_A_POST])
        asked = list(some.values_list("accession", flat=True))  # another pass may have been here meanwhile
        try:
            found = find_public_studies(asked) if asked else {}
            report.answers += 1
        except EnaUnavailable as error:
            for accession in asked:
                report.miss(accession, str(error))
            continue
        except EnaError as error:  # of one of them, it may be: each is asked for by itself
            logger.warning("%s studies cannot be asked for at once: %s", len(asked), error)
            found = {}
        for accession in asked:
            yield found.get(accession) or look_at_study(parse_accession(accession, [Kind.STUDY]))


def _too_many(gone: list[Look], report: SyncReport) -> bool:
    return len(gone) > max(FEW, report.due * settings.EMG_CONFIG.ena.pass_absence_percent / 100)


def _refresh(look: Look, report: SyncReport, actor: str) -> None:
    """Write a look and what hangs on it. One bad study never stops a pass."""
    accession = look.accession
    try:
        ena_study = store_look(look=look, actor=actor)
        if ena_study is None or look.verdict == Verdict.UNKNOWN:
            report.failed[accession] = look.problem or "ENA does not say for certain what became of it"
            report.complete &= not look.problem
            return
        study: Study = adopt_study(ena_study=ena_study)
        if look.verdict != Verdict.ABSENT:
            refresh_children(study=study, accession=accession, actor=actor)
            report.refreshed += 1
    except (EnaError, StudyNotAvailable, DatabaseError) as error:
        logger.exception("%s is not refreshed", accession)
        report.failed[accession] = str(error)
        report.complete &= isinstance(error, (AbsencesHeld, DatabaseError))
        EnaStudy.objects.filter(accession=accession).update(next_look_at=Now() + AGAIN)
