"""Rows as bytes: TSV, CSV, JSON lines, Parquet (``spec/api-v2.md`` §10). A batch of rows at a time, never the whole."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import orjson
import pyarrow
from pyarrow import parquet

from analyses.selectors.tables import Kind
from emgapiv2.api.rendering import as_text

Batches = Iterable[list[tuple]]
Writer = Callable[[dict[str, Kind], Batches], Iterator[bytes]]
NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)
FORMULA = ("=", "+", "-", "@")
BREAKS = str.maketrans("\t\r\n", "   ")
ARROW_TYPES = {
    "text": pyarrow.string(),
    "integer": pyarrow.int64(),
    "time": pyarrow.timestamp("us", tz="UTC"),
    "list": pyarrow.list_(pyarrow.string()),
}


def cell(value: Any) -> str:
    """A value for a spreadsheet: nothing for null, and never a formula."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return as_text(value)
    if isinstance(value, list):
        value = ";".join(value)
    if isinstance(value, str) and value.lstrip().startswith(FORMULA) and not NUMBER.fullmatch(value):
        return f"'{value}"
    return str(value)


def write_tsv(columns: dict[str, Kind], batches: Batches) -> Iterator[bytes]:
    def line(row: Iterable[Any]) -> str:
        return "\t".join(cell(value).translate(BREAKS) for value in row)

    yield f"{line(columns)}\n".encode()
    for rows in batches:
        yield "".join(f"{line(row)}\n" for row in rows).encode()


def write_csv(columns: dict[str, Kind], batches: Batches) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text)
    for rows in _after([tuple(columns)], batches):
        writer.writerows([cell(value) for value in row] for row in rows)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()


def write_jsonl(columns: dict[str, Kind], batches: Batches) -> Iterator[bytes]:
    """An object a row, and one more that says how many: without it the file is not whole."""
    count = 0
    for rows in batches:
        count += len(rows)
        times = [place for place, kind in enumerate(columns.values()) if kind == "time"]
        objects = (dict(zip(columns, _with_texts(row, times), strict=True)) for row in rows)
        yield b"".join(orjson.dumps(one) + b"\n" for one in objects)
    yield orjson.dumps({"_end": True, "rows": count}) + b"\n"


def write_parquet(columns: dict[str, Kind], batches: Batches) -> Iterator[bytes]:
    """A row group a batch; the footer that makes the file readable comes last."""
    schema = pyarrow.schema([(name, ARROW_TYPES[kind]) for name, kind in columns.items()])
    sink = _Sink()
    with parquet.ParquetWriter(sink, schema) as writer:
        for rows in batches:
            arrays = [
                pyarrow.array(values, field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)
            ]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
            yield sink.taken()
    yield sink.taken()


FORMATS: dict[str, tuple[str, Writer]] = {
    "tsv": ("text/tab-separated-values", write_tsv),
    "csv": ("text/csv", write_csv),
    "jsonl": ("application/x-ndjson", write_jsonl),
    "parquet": ("application/vnd.apache.parquet", write_parquet),
}


class _Sink(io.RawIOBase):
    """What has been written and not yet been sent."""

    def __init__(self) -> None:
        super().__init__()
        self._chunks: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._chunks.append(bytes(data))
        self._position += len(self._chunks[-1])
        return len(self._chunks[-1])

    def tell(self) -> int:
        return self._position

    def taken(self) -> bytes:
        taken, self._chunks = b"".join(self._chunks), []
        return taken


def _after(first: list[tuple], batches: Batches) -> Iterator[list[tuple]]:
    yield first
    yield from batches


def _with_texts(row: tuple, times: list[int]) -> list[Any]:
    values = list(row)
    for place in times:
        values[place] = as_text(values[place]) if values[place] else None
    return values
