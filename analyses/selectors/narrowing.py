"""Filters that several public lists share (``spec/api-v2.md`` §4, §5).

What a filter names is looked up as anybody would: a hidden study filters like one that is not there.
"""

from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from analyses.models import Sample, Study
from analyses.visibility import Actor, visible_to


def of_study(rows: QuerySet, accession: str, path: str = "study") -> QuerySet:
    """:param accession: MGYS, or any of ENA
    :param path: from the rows to their study
    """
    accession = accession.strip().upper()
    by = {"accession": accession} if accession.startswith("MGYS") else {"ena_study__aliases__accession": accession}
    studies = visible_to(Study, Actor.anonymous()).filter(**by)
    return rows.filter(**{f"{path}__in": studies.values("pk")})


def of_sample(rows: QuerySet, accession: str) -> QuerySet:
    samples = visible_to(Sample, Actor.anonymous()).filter(ena_sample__aliases__accession=accession.strip().upper())
    return rows.filter(sample__in=samples.values("pk"))


def changed_between(rows: QuerySet, since: datetime | None, until: datetime | None) -> QuerySet:
    """Half-open: [since, until)."""
    if since:
        rows = rows.filter(updated_at__gte=since)
    return rows.filter(updated_at__lt=until) if until else rows


def database_time() -> datetime:
    """The clock that ``updated_at`` is set by."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        return cursor.fetchone()[0]
