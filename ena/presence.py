"""Which of a study's samples, runs and assemblies does ENA no longer show? (``spec/ena.md`` §6)

A strike at first, suppressed a day later, back as soon as ENA shows it again. Many at once wait for a person. The rows
are of another room, which hands them in as a queryset; each has ``first_accession``, ``own_visibility``,
``absent_since``. A curator's level has no ``absent_since`` and is never touched.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from ena.credentials import Credentials, hub_credentials
from ena.listings import Listing, list_by_accession
from ena.models import Outcome, Study, SyncRun, Visibility
from ena.records import CONTRACTS

FEW = 10  # so many may go at once, however small the study is
RECORD = """
WITH child AS (
  SELECT id, first_accession, own_visibility AS level, absent_since AS since, first_accession = ANY (%s) AS is_absent,
         absent_since <= statement_timestamp() - %s * interval '1 hour' AS is_gone
  FROM {table}
  WHERE id IN ({children}) AND (absent_since IS NOT NULL OR own_visibility = 0 AND first_accession = ANY (%s))
  ORDER BY id FOR NO KEY UPDATE
), changed AS (
  UPDATE {table} t
  SET absent_since = CASE WHEN is_absent THEN coalesce(since, statement_timestamp()) END,
      own_visibility = CASE WHEN NOT is_absent THEN 0 WHEN is_gone THEN 2 ELSE level END
  FROM child c WHERE t.id = c.id AND (NOT is_absent OR since IS NULL OR is_gone AND level = 0)
  RETURNING t.id, c.first_accession, c.level AS from_level, t.own_visibility AS to_level
)
INSERT INTO ena_visibilityevent (noun, object_id, accession, from_level, to_level, cause, actor, sync_run_id)
SELECT %s, id, first_accession, from_level, to_level,
       CASE to_level WHEN 2 THEN 'ena_absent' ELSE 'ena_public' END, %s, %s
FROM changed WHERE from_level <> to_level
"""


@dataclass(frozen=True)
class Missing:
    """What a complete answer lacks, and a second question by accession did not find either.

    :param children: the stored rows that the answer was about
    :param stored: their number
    """

    children: QuerySet
    accessions: list[str]
    stored: int


def ask_for_missing(*, listing: Listing, children: QuerySet, study: Study) -> Missing | None:
    """Hold a listing against what is stored; ask once more for what it lacks. Network, no transaction.

    What is found elsewhere has moved and is not missing. A private study may share public records, so those who would
    miss them are asked anonymously too.

    :return: None if the answers prove nothing
    :raises EnaError: the second question failed
    """
    if not listing.complete:
        return None
    stored = list(children.values_list("first_accession", flat=True))
    seen = listing.accessions() if stored else set()
    if not seen and study.certain_at != study.looked_at:
        return None
    missing = [accession for accession in stored if accession not in seen]
    for hub in askers(study) if missing else []:
        identity = frozenset(CONTRACTS[listing.result].identity)
        with list_by_accession(listing.result, missing, only=identity, hub=hub) as second:
            if not second.complete:
                return None
            found = second.accessions()
        missing = [accession for accession in missing if accession not in found]
    return Missing(children, missing, len(stored))


def askers(study: Study) -> list[Credentials | None]:
    """As whom to ask for single records that a study names: anonymously, and as the data hub if it is private."""
    return [None, hub_credentials()] if study.visibility == Visibility.PRIVATE else [None]


def too_many_at_once(missing: Missing) -> bool:
    """Say whether more is newly missing than goes by itself: a person must look."""
    fresh = missing.children.filter(
        first_accession__in=missing.accessions, absent_since=None, own_visibility=Visibility.PUBLIC
    ).count()
    return fresh > max(FEW, missing.stored * settings.EMG_CONFIG.ena.child_absence_percent / 100)


def record_presence(*, missing: Missing, sync_run: SyncRun, actor: str) -> None:
    """Strike, suppress or give back, with the events, in one statement of the load's transaction."""
    options: Any = missing.children.model._meta
    children, parameters = missing.children.order_by().values("pk").query.sql_with_params()
    hours = settings.EMG_CONFIG.ena.strike_hours
    with connection.cursor() as cursor:
        cursor.execute(
            RECORD.format(table=options.db_table, children=children),
            [missing.accessions, hours, *parameters, missing.accessions, options.model_name, actor, sync_run.pk],
        )


def let_absences_count(*, children: QuerySet, sync_run: SyncRun, actor: str) -> int:
    """Let a curator say that what a held mirror missed is really gone: its strike dates from then.

    :return: the number of rows struck
    :raises ValueError: the mirror is not held, or a later one has told more
    """
    with transaction.atomic():
        held = SyncRun.objects.select_for_update().get(pk=sync_run.pk)
        whole = [Outcome.COMPLETE, Outcome.HELD]
        later = SyncRun.objects.filter(study=held.study, kind=held.kind, pk__gt=held.pk, outcome__in=whole)
        if held.outcome != Outcome.HELD or later.exists():
            raise ValueError(f"{held.kind} of {held.study}: nothing is held any more")
        told = held.report | {"let_count_by": actor}
        SyncRun.objects.filter(pk=held.pk).update(outcome=Outcome.COMPLETE, report=told)
        rows = children.filter(
            first_accession__in=held.report["absent"], absent_since=None, own_visibility=Visibility.PUBLIC
        )
        return rows.order_by().update(absent_since=held.finished_at)
