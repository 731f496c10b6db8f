"""Nextflow's trace into ``PipelineTask`` rows: ``spec/cluster-jobs.md`` §7.4."""

import io
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import CharField, Field, TextField

from workflows.models import PipelineRun, PipelineTask

logger = logging.getLogger(__name__)


NAME_IN_TRACE = {"cpu_percent": "%cpu"}  # all others are named as in the table
TABLE = PipelineTask._meta.db_table
FIELDS = {
    NAME_IN_TRACE.get(field.name, field.name): field
    for field in PipelineTask._meta.concrete_fields
    if field.name not in ("id", "pipeline_run")
}
NAMES = ", ".join(f'"{field.name}"' for field in FIELDS.values())
NEWER = ", ".join(f'excluded."{field.name}"' for field in FIELDS.values())
ESCAPES = str.maketrans({"\\": r"\\", "\r": r"\r", "\0": None})  # COPY's own signs; Postgres stores no NUL
CHUNK_ROWS = 5000
MAX_LOGGED = 5

STAGE = f"CREATE TEMPORARY TABLE trace_row AS SELECT {NAMES} FROM {TABLE} WITH NO DATA"  # noqa: S608 - our own names
COPY = f"COPY trace_row ({NAMES}) FROM STDIN"
UPSERT = f"""
    INSERT INTO {TABLE} (pipeline_run_id, {NAMES})
    SELECT DISTINCT ON (task_id) %s, {NAMES} FROM trace_row ORDER BY task_id, complete DESC NULLS LAST
    ON CONFLICT (pipeline_run_id, task_id) DO UPDATE SET ({NAMES}) = ({NEWER})
"""  # noqa: S608 - our own names


class BadRow(ValueError):
    """A line that is no row of this trace."""


def ingest_trace(*, pipeline_run: PipelineRun, path: Path) -> int:
    """Read a whole trace; reading it again changes nothing.

    Columns are found by the header, in any order, missing ones are null. A line that is no row is logged, never a
    failure: what a run was worth its results decide.

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
    return seen["rows"]


def _rows(lines: Iterable[str], path: Path, seen: Counter[str]) -> Iterator[str]:
    """The lines of a trace as COPY wants them; what is none is counted in ``seen``."""
    lines = iter(lines)
    header = next(lines, "").rstrip("\r\n").split("\t")
    for number, line in enumerate(lines, start=2):
        try:
            if not line.endswith("\n"):
                raise BadRow("cut short")
            values = line[:-1].split("\t")
            if len(values) != len(header):
                raise BadRow(f"{len(values)} columns of {len(header)}")
            given = dict(zip(header, values, strict=True))
            row = "\t".join([_cell(field, given.get(name, "-")) for name, field in FIELDS.items()])
        except BadRow as error:
            seen["bad_rows"] += 1
            if seen["bad_rows"] <= MAX_LOGGED:
                logger.warning("%s, line %d: %s", path, number, error)
        else:
            seen["rows"] += 1
            yield row + "\n"


def _cell(field: Field, value: str) -> str:
    """:raises BadRow: no number where one belongs"""
    is_text = isinstance(field, CharField | TextField)
    if value in ("-", "") and (is_text or field.null):
        return "" if is_text else r"\N"
    if is_text:
        return value[: field.max_length].translate(ESCAPES)
    try:
        return str(field.to_python(value))
    except ValidationError as error:
        raise BadRow(f"{field.name} is {value!r}") from error
