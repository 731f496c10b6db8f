"""Records into tables: COPY to a temporary table, merge, resolve, upsert (``spec/ena.md`` §7.1). Used by two rooms.

Constant memory, a constant number of statements, and a row that did not change is not written.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction

from ena import bulk_sql
from ena.bulk_sql import LoadSpec
from ena.models import Study
from ena.records import Record

logger = logging.getLogger(__name__)
T = TypeVar("T")
BLOCK_BYTES = 1 << 16
TRIES = 3
FILLED_BEFORE = 5  # stored rows that must have had a value before an empty column is taken for ENA's mistake
# deadlock, serialisation failure, a level that moved under the load (foreign key), a row that another wrote first
REPEATED_SQLSTATES = {"40P01", "40001", "23503", "23505"}
ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


@dataclass
class MirrorReport:
    """What a mirror did; stored in its ``SyncRun``. ``own_seconds`` is without waiting for ENA."""

    study: Study | None = None
    verdict: str = ""
    problem: str = ""
    outcome: str = "complete"
    rows_seen: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    broken: list[str] = field(default_factory=list)
    conflicts: list[dict[str, object]] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    dropped_fields: list[str] = field(default_factory=list)
    went_blank: list[str] = field(default_factory=list)
    differing_portals: int = 0
    own_seconds: float = 0
    ena_seconds: float = 0

    def as_json(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name != "study"}


def repeat(work: Callable[[], T]) -> T:
    """Do the work in one transaction; again, up to three times, if others got in its way."""
    for tries_left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                return work()
        except (OperationalError, IntegrityError) as error:
            if not tries_left or getattr(error.__cause__, "pgcode", None) not in REPEATED_SQLSTATES:
                raise
            logger.info("A load is repeated from its spool: %s", error)
    raise AssertionError("the last try returns or raises")


def lock_mirror(accession: str) -> None:
    """Let a second mirror of the same study wait until this transaction ends, and hold the study's level until then.

    The study's row is locked before any row below it, as a change of its level does: so the two never deadlock.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"mirror:{accession}"])
        cursor.execute("SELECT 1 FROM ena_study WHERE accession = %s FOR KEY SHARE", [accession])


def load_rows(
    spec: LoadSpec, records: Iterable[tuple[int, Record]], *, asked: Iterable[str], portals: int = 1
) -> MirrorReport:
    """Bring records into a table, inside the caller's transaction. ``loaded_<table>`` lists the rows until commit.

    1. Stream into a temporary table.  2. Merge the portals.  3. Resolve accessions and parents; set conflicts aside.
    4. Find the columns that went blank.  5. Update what differs, insert what is new.  6. Write the aliases.

    :param records: with the rank of their portal; the first filled value in rank order wins
    :param asked: the ENA fields of the question; a field not asked keeps its last value
    """
    started, report, names = time.monotonic(), MirrorReport(), vars(spec)
    with connection.cursor() as cursor:
        cursor.execute(bulk_sql.stage_sql(spec))
        cursor.copy_expert(bulk_sql.copy_sql(spec), _Stream(_lines(spec, records)), BLOCK_BYTES)
        cursor.execute(bulk_sql.merge_sql(spec, portals))
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE differs) FROM merged")
        report.rows_seen, report.differing_portals = cursor.fetchone()
        cursor.execute(bulk_sql.resolve_sql(spec))
        cursor.execute(bulk_sql.CONFLICTS)
        report.conflicts = [{"accession": accession, "rows": ids} for accession, ids in cursor.fetchall()]
        if missing := " OR ".join(f"{parent.name}_id IS NULL" for parent in spec.parents):
            cursor.execute(f"DELETE FROM resolved WHERE {missing} RETURNING accession")  # noqa: S608 - names of a spec
            report.orphans = [accession for (accession,) in cursor.fetchall()]
        cursor.execute(bulk_sql.WENT_BLANK.substitute(names), {"asked": list(asked), "filled": FILLED_BEFORE})
        report.went_blank = [name for (name,) in cursor.fetchall()]
        kept = sorted(set(asked) - set(report.went_blank))
        cursor.execute(bulk_sql.update_sql(spec, kept), {"asked": kept})
        report.updated = cursor.rowcount
        cursor.execute(bulk_sql.insert_sql(spec))
        report.inserted = cursor.rowcount
        cursor.execute(bulk_sql.LOADED.substitute(names))
        report.unchanged = cursor.rowcount - report.updated - report.inserted
        cursor.execute(bulk_sql.ALIASES.substitute(names))
        cursor.execute(bulk_sql.MISDIRECTED.substitute(names))
        report.conflicts += ({"accession": accession, "rows": ids} for accession, ids in cursor.fetchall())
    report.own_seconds = round(time.monotonic() - started, 3)
    if report.went_blank:
        logger.warning("column_went_blank: %s keeps its values of %s", spec.table, ", ".join(report.went_blank))
    return report


def _lines(spec: LoadSpec, records: Iterable[tuple[int, Record]]) -> Iterator[bytes]:
    """Write each record as a line of COPY's text format."""
    for rank, record in records:
        metadata = json.dumps(record.metadata, ensure_ascii=False)
        values: list[str | None] = [str(rank), record.accession, _array(record.accessions), metadata]
        values += (_array(record.parents[parent.name]) for parent in spec.parents)
        values += (column.read(record) for column in spec.columns)
        cells = (r"\N" if value is None else value.translate(ESCAPES) for value in values)
        yield "\t".join(cells).encode("utf-8", "replace") + b"\n"


def _array(accessions: Iterable[str]) -> str:
    return "{" + ",".join(accessions) + "}"  # the grammar of accessions leaves nothing to quote


class _Stream:
    """What COPY reads from: never more than one block of lines is held."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines, self._held = lines, bytearray()

    def read(self, size: int) -> bytes:
        while len(self._held) < size and (line := next(self._lines, b"")):
            self._held += line
        block = bytes(self._held[:size])
        del self._held[:size]
        return block
