"""What one pass sees: our live rows, one listing, one answer of accounting (``spec/cluster-jobs.md`` §4.2)."""

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from workflows.cluster.backends.base import Accounting, Backend, BackendUnavailable, Sighting
from workflows.cluster.classify import FINAL_WORDS, LIVE_WORDS, base_word
from workflows.cluster.identity import installation, our_token
from workflows.models import ClusterJobAttempt
from workflows.models.attempt import FINAL

logger = logging.getLogger(__name__)

FIGURES_FOR = timedelta(minutes=10)


@dataclass
class Look:
    """One backend at one moment. None in ``sightings`` or ``accounts``: no healthy answer, nothing is known.

    :param now: the database's clock before the listing began
    :param children: token of a head → scheduler ids of its live children
    """

    backend: Backend
    now: datetime
    ours: str
    attempts: list[ClusterJobAttempt]
    sightings: list[Sighting] | None = None
    accounts: dict[str, list[Accounting]] | None = None
    children: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    by_id: dict[str, Sighting] = field(default_factory=dict)
    changes: int = 0
    is_good: bool = True  # no step of the pass has failed yet
    brake: bool = False  # so much is missing at once that the answers are to be doubted

    def sighting_of(self, attempt: ClusterJobAttempt) -> Sighting | None:
        """The listing's line about this very job."""
        found = self.by_id.get(attempt.backend_job_id or "")
        return found if found and self._is_of(attempt, found) else None

    def accounting_of(self, attempt: ClusterJobAttempt) -> Accounting | None:
        records = (self.accounts or {}).get(attempt.backend_job_id or "", [])
        ours = [record for record in records if self._is_of(attempt, record)]
        return ours[-1] if ours else None

    def _is_of(self, attempt: ClusterJobAttempt, told: Sighting | Accounting) -> bool:
        """Ids are given again, so the name must agree too, or the time of a job that somebody gave another name."""
        if told.name == attempt.token:
            return True
        return told.submit_time == attempt.submit_time is not None and not our_token(told.name, self.ours)

    def both_answered(self, attempt: ClusterJobAttempt) -> bool:
        """Whether not having found the job means anything: accounting calls one ``allocation`` until it has settled."""
        if self.sightings is None or self.accounts is None:
            return False
        named = {record.name for record in self.accounts.get(attempt.backend_job_id or "", [])}
        return "allocation" not in named or self.accounting_of(attempt) is not None


def take_look(backend: Backend) -> Look:
    """1. Live attempts, and ended ones without figures.  2. One listing.  4. One question to accounting."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now = cursor.fetchone()[0]
    look = Look(backend, now, installation(), _load(backend.name))  # 1
    try:
        look.sightings = backend.observe()  # 2
    except BackendUnavailable as error:
        logger.warning("%s does not answer: %s", backend.name, error)
        return look
    for sighting in look.sightings:
        look.by_id[sighting.job_id] = sighting
        token = our_token(sighting.name, look.ours)
        if token and sighting.name != token and base_word(sighting.word) in LIVE_WORDS:
            look.children[token].append(sighting.job_id)
    try:
        records = backend.account(ids) if (ids := _undecided(look)) else []  # 4
    except BackendUnavailable as error:
        logger.warning("accounting of %s does not answer: %s", backend.name, error)
        return look
    look.accounts = {}
    for record in records:
        look.accounts.setdefault(record.job_id, []).append(record)
    return look


def _load(backend: str) -> list[ClusterJobAttempt]:
    wants_figures = Q(cpu_seconds__isnull=True, ending_since__gt=Now() - FIGURES_FOR)
    rows = ClusterJobAttempt.objects.filter(~Q(state__in=FINAL) | wants_figures, job__backend=backend)
    return list(rows.select_related("job").defer("log_tail", "job__spec").order_by("created_at"))


def _undecided(look: Look) -> list[str]:
    """Ids that the listing does not have, or has as ended while their figures are not known."""
    sightings = ((attempt.backend_job_id, look.sighting_of(attempt)) for attempt in look.attempts)
    return [job_id for job_id, seen in sightings if job_id and (seen is None or base_word(seen.word) in FINAL_WORDS)]
