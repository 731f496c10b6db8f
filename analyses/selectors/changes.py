"""What changed in public and what went out of it, in the order in which it did (``spec/api-v2.md`` §8)."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Case, F, IntegerField, QuerySet, TextField, Value, When
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan

from analyses.models import Analysis, Assembly, Run, Sample, Study, Withdrawal
from analyses.visibility import Actor, visible_to

LARGEST_ID = 2**63 - 1
# Kind → model and its accession, parents first.
NOUNS: dict[str, tuple[Any, str]] = {
    "study": (Study, "accession"),
    "sample": (Sample, "first_accession"),
    "run": (Run, "first_accession"),
    "assembly": (Assembly, "first_accession"),
    "analysis": (Analysis, "accession"),
}


class Place(NamedTuple):
    """How far somebody has read: many rows of several tables may tell of one moment."""

    at: datetime
    table: int = -1
    row: int = 0


class Change(NamedTuple):
    at: datetime
    table: int
    row: int
    kind: str
    accession: str
    change: str


def changes_after(place: Place, *, until: datetime, longest_write: timedelta, limit: int) -> list[Change]:
    """What is public, each once under its last change; and every withdrawal, so before what came back later.

    :param until: only what is older; when everything older is committed, nothing is ever told too late
    :param longest_write: what changed last so soon after it was made counts as created
    """
    tables = [_public(*noun, longest_write) for noun in NOUNS.items()]
    tables.append(_named(Withdrawal.objects, "withdrawn_at", F("kind"), "accession", Value("withdrawn", TextField())))
    first, *others = (_part(rows, number, place, until)[:limit] for number, rows in enumerate(tables))
    merged = first.union(*others, all=True).order_by("at", "table", "row")[:limit]
    return [Change(*row) for row in merged]


def _public(kind: str, noun: tuple[Any, str], longest_write: timedelta) -> QuerySet:
    model, accession = noun
    is_new = When(created_at__gte=F("updated_at") - longest_write, then=Value("created"))
    change = Case(is_new, default=Value("updated"), output_field=TextField())
    rows = visible_to(model, Actor.anonymous()).filter(**{f"{accession}__isnull": False})
    return _named(rows, "updated_at", Value(kind, TextField()), accession, change)


def _named(rows: Any, at: str, kind: Any, accession: str, change: Any) -> QuerySet:
    return rows.annotate(at=F(at), told_kind=kind, told_accession=F(accession), change=change)


def _part(rows: QuerySet, table: int, place: Place, until: datetime) -> QuerySet:
    """What one table tells beyond the place, as its index over time and id gives it."""
    last_row = place.row if table == place.table else LARGEST_ID if table < place.table else 0
    beyond = TupleGreaterThan(Tuple(F("at"), F("pk")), (place.at, last_row))
    found = rows.annotate(table=Value(table, IntegerField()), row=F("pk")).filter(beyond, at__lt=until)
    return found.order_by("at", "pk").values_list("at", "table", "row", "told_kind", "told_accession", "change")
