"""Nextflow's trace into ``PipelineTask`` rows: ``spec/cluster-jobs.md`` §7.4."""

import io
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from django.db import connection, transaction

from workflows.models import PipelineRun, PipelineTask

logger = logging.getLogger(__name__)

TABLE = PipelineTask._meta.db_table
FIELDS = [field for field in PipelineTask._meta.concrete_fields if field.name not in ("id", "pipeline_run")]
COLUMNS = ", ".join(f'"{field.column}"' for field in FIELDS)
NEWER = ", ".join(f'excluded."{field.column}"' for field in FIELDS)
# A trace names its columns as the table does, but for this one.
TRACE_NAME = {"cpu_percent": "%cpu"}
READERS: dict[str, Callable[[str], int | float]] = {"IntegerField": int, "BigIntegerField": int, "FloatField": float}
CHUNK_ROWS = 5000
MAX_LOGGED = 5

STAGE = f"CREATE TEMPORARY TABLE trace_row AS SELECT {COLUMNS} FROM {TABLE} WITH NO DATA"  # noqa: S608 - our own names
COPY = f"COPY trace_row ({COLUMNS}) FROM STDIN"
UPSERT = f"""
    INSERT INTO {TABLE} (pipeline_run_id, {COLUMNS})
    SELECT DISTINCT ON (task_id) %s, {COLUMNS} FROM trace_row ORDER BY task_id, complete DESC NULLS LAST
    ON CONFLICT (pipeline_run_id, task_id) DO UPDATE SET ({COLUMNS}) = ({NEWER})
"""  # noqa: S608 - our own names


class BadRow(ValueError):
    """A line that is no row of this trace."""


def ingest_trace(*, pipeline_run: PipelineRun, path: Path) -> int:
    """Read a whole trace; reading it again changes nothing.

    Columns are found by the header, in any order, missing ones are null. A line that is no row is counted in
    ``progress["bad_rows"]`` and logged, never a failure: what a run was worth its results decide.

    :param path: ``trace.tsv`` of the job directory; a head that died early has none, which is no error
    :return: how many rows were read
    """
    if not path.exists():
        return 0
    seen: Counter[str] = Counter()
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file, transaction.atomic():
        rows = _rows(file, path, seen)
        with connection.cursor() as cursor:
            cursor.execute(STAGE)
            while chunk := "".join(islice(rows, CHUNK_ROWS)):
                cursor.copy_expert(COPY, io.StringIO(chunk))
            cursor.execute(UPSERT, [pipeline_run.pk])
            cursor.execute("DROP TABLE trace_row")  # the transaction may be the caller's and go on
        pipeline_run.trace_offset = file.buffer.tell()
        pipeline_run.progress |= {"rows": seen["rows"], "bad_rows": seen["bad_rows"]}
        pipeline_run.save(update_fields=["trace_offset", "progress"])
    return seen["rows"]


def _rows(lines: Iterable[str], path: Path, seen: Counter[str]) -> Iterator[str]:
    """The lines of a trace as COPY wants them; what is none is counted in ``seen``."""
    lines = iter(lines)
    header = next(lines, "").rstrip("\r\n").split("\t")
    for number, line in enumerate(lines, start=2):
        try:
            row = _row(header, line)
        except BadRow as error:
            seen["bad_rows"] += 1
            if seen["bad_rows"] <= MAX_LOGGED:
                logger.warning("%s, line %d: %s", path, number, error)
        else:
            seen["rows"] += 1
            yield row


def _row(header: list[str], line: str) -> str:
    """:raises BadRow: cut short, another number of columns, or no number where one belongs"""
    values = line.removesuffix("\n").split("\t")
    if not line.endswith("\n") or len(values) != len(header):
        raise BadRow(f"{len(values)} columns of {len(header)}" if line.endswith("\n") else "cut short")
    given = dict(zip(header, values, strict=True))
    cells = []
    for field in FIELDS:
        value = given.get(TRACE_NAME.get(field.column, field.column), "-")
        reader = READERS.get(field.get_internal_type())
        if value in ("-", "") and (field.null or reader is None):
            cells.append("\\N" if field.null else "")
        elif reader is None:
            cells.append(_escaped(value[: field.max_length]))
        else:
            try:
                cells.append(str(reader(value)))
            except ValueError as error:
                raise BadRow(f"{field.column} is {value!r}") from error
    return "\t".join(cells) + "\n"


def _escaped(text: str) -> str:
    """COPY's own signs; Postgres stores no NUL."""
    return text.replace("\\", "\\\\").replace("\r", "\\r").replace("\0", "")
