"""Records into tables: COPY to a temporary table, merge, resolve, upsert (``spec/ena.md`` §7.1). Used by two rooms.

Constant memory, a constant number of statements, and a row that did not change is not written.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

import orjson
from django.db import IntegrityError, OperationalError, connection, transaction

from ena import bulk_sql
from ena.bulk_sql import sql
from ena.errors import LevelMoved
from ena.load_spec import LoadSpec
from ena.models import Visibility
from ena.records import SHOWN, Record

logger = logging.getLogger(__name__)
T = TypeVar("T")
LINES_HELD = 30  # of about 2 kB
TRIES = 3
FILLED_BEFORE = 5  # stored rows that must have had a value before an empty column is taken for ENA's mistake
# deadlock, serialisation failure, a level that moved under the load (foreign key), a row that another wrote first
REPEATED_SQLSTATES = {"40P01", "40001", "23503", "23505"}
LOCK = """
SELECT pg_advisory_xact_lock(hashtextextended('mirror:' || %(accession)s, 0));
SELECT visibility FROM ena_study WHERE accession = %(accession)s FOR KEY SHARE
"""


@dataclass
class MirrorReport:
    """What a mirror did; stored in its ``SyncRun``. ``own_seconds`` is without waiting for ENA.

    Lists that could grow with the rows hold their beginning, beside the whole count.
    """

    outcome: str = "complete"
    rows_seen: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    broken: list[str] = field(default_factory=list)
    broken_count: int = 0
    conflicts: list[dict[str, object]] = field(default_factory=list)
    conflict_count: int = 0
    orphans: list[str] = field(default_factory=list)
    orphan_count: int = 0
    dropped_fields: list[str] = field(default_factory=list)
    went_blank: list[str] = field(default_factory=list)
    differing_portals: int = 0
    absent_count: int = 0
    own_seconds: float = 0
    ena_seconds: float = 0

    def add_conflicts(self, cursor: Any, query: str) -> None:
        cursor.execute(query)
        self.conflict_count += cursor.rowcount
        self.conflicts += ({"accession": accession, "rows": ids} for accession, ids in cursor.fetchmany(SHOWN))


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


def lock_mirror(accession: str, *, asked_at: int = Visibility.PUBLIC) -> None:
    """Let a second mirror of the same study wait until this transaction ends, and hold the study's level until then.

    The study's row is locked before any row below it, as a change of its level does: so the two never deadlock.

    :param asked_at: the study's level when ENA was asked
    :raises LevelMoved: what the data hub tells of a private study must not be stored in one that has become public
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK, {"accession": accession})
        level = cursor.fetchone()
    if level and level[0] < asked_at:
        raise LevelMoved(f"{accession} was {Visibility(asked_at).label} when ENA was asked, and no longer is")


def stage_records(spec: LoadSpec, records: Iterable[tuple[int, Record]]) -> None:
    """Stream records, each with the rank of its portal, into a temporary table. Step 1 of a load."""
    with connection.cursor() as cursor:
        cursor.execute(sql(bulk_sql.STAGE, spec))
        cursor.copy_expert(sql(bulk_sql.COPY, spec), _Stream(_lines(spec, records)))


def stage_named(spec: LoadSpec, *, by: LoadSpec) -> None:
    """Stage every object that the staged records of another load name: an accession, and nothing known of it."""
    with connection.cursor() as cursor:
        cursor.execute(sql(bulk_sql.STAGE, spec))
        cursor.execute(sql(bulk_sql.STAGE_NAMED, spec, naming_table=by.table))


def load_staged(spec: LoadSpec, *, asked: Iterable[str], portals: int = 1, complete: bool = True) -> MirrorReport:
    """Bring what is staged into its table, in the same transaction. ``loaded_<table>`` lists the rows until commit.

    2. Merge the portals: the first filled value in rank order wins.  3. Resolve accessions and parents; set conflicts
    aside.  4. Find the columns that went blank.  5. Update what differs, insert what is new.  6. Write the aliases.

    :param asked: the ENA fields of the question; a field not asked keeps its last value
    :param complete: a portal that did not answer may know what the others leave empty: then nothing is emptied
    """
    report = MirrorReport()
    with connection.cursor() as cursor:
        for rank in range(portals):
            cursor.execute(sql(bulk_sql.MERGE, spec), {"rank": rank})
        cursor.execute(sql(bulk_sql.COUNTED, spec))
        report.rows_seen, report.differing_portals = cursor.fetchone()
        cursor.execute(sql(bulk_sql.RESOLVE, spec))
        report.add_conflicts(cursor, sql(bulk_sql.CONFLICTS, spec))
        cursor.execute(sql(bulk_sql.KEEP_NAME, spec))
        if spec.parents:
            cursor.execute(sql(bulk_sql.ORPHANS, spec))
            report.orphan_count = cursor.rowcount
            report.orphans = [accession for (accession,) in cursor.fetchmany(SHOWN)]
        cursor.execute(sql(bulk_sql.WENT_BLANK, spec), {"asked": list(asked), "filled": FILLED_BEFORE})
        report.went_blank = [name for (name,) in cursor.fetchall()]
        kept = sorted(set(asked) - set(report.went_blank))
        values: dict[str, Any] = {"cleared": kept if complete else [], "whole": complete}
        cursor.execute(sql(bulk_sql.UPDATE, spec, kept=kept), values)
        report.updated = cursor.rowcount
        cursor.execute(sql(bulk_sql.INSERT, spec))
        report.inserted = cursor.rowcount
        cursor.execute(sql(bulk_sql.LOADED, spec))
        report.unchanged = cursor.rowcount - report.updated - report.inserted
        cursor.execute(sql(bulk_sql.ALIASES, spec))
        report.add_conflicts(cursor, sql(bulk_sql.MISDIRECTED, spec))
    if report.went_blank:
        logger.warning("column_went_blank: %s keeps its values of %s", spec.table, ", ".join(report.went_blank))
    return report


def text_array(accessions: Iterable[str]) -> str:
    """Write an array of accessions for COPY: their grammar leaves nothing to quote."""
    return "{" + ",".join(accessions) + "}"


def _lines(spec: LoadSpec, records: Iterable[tuple[int, Record]]) -> Iterator[bytes]:
    """Write each record as a line of COPY's text format."""
    for rank, record in records:
        metadata = orjson.dumps(record.metadata).decode()
        values: list[str | None] = [str(rank), record.accession, text_array(record.accessions), metadata]
        values += (text_array(record.parents[noun]) for noun in spec.named)
        values += (
            column.read(record) if column.read else record.metadata.get(column.source) for column in spec.columns
        )
        yield "\t".join(map(_escaped, values)).encode("utf-8", "replace") + b"\n"


def _escaped(value: str | None) -> str:
    if value is None:
        return r"\N"
    return value.replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n").replace("\r", r"\r")


class _Stream:
    """What COPY reads from: never more than a few lines are held."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines

    def read(self, _size: int) -> bytes:
        return b"".join(islice(self._lines, LINES_HELD))
