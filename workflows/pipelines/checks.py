"""Content checks of result files: streaming, all faults of a file (``spec/pipelines.md`` §1.5).

A reader of tables yields its sound rows among the faults, so that it serves as the check of what it reads: an
importer keeps the rows, a survey the faults.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from workflows.pipelines.declaration import Check, Fault

COUNT = re.compile(r"([0-9]{1,15})(?:\.0+)?")
BIOM_FIRST_LINE = "# Constructed from biom file"


@dataclass(frozen=True)
class Cell:
    """One column of a table."""

    name: str
    pattern: str = r".*"
    is_count: bool = False
    unique: bool = False


BIOM_CELLS = (
    Cell("OTU ID", unique=True),
    Cell("count", is_count=True),
    Cell("taxonomy", ".+"),
    Cell("taxid", "[0-9]*"),
)


@dataclass(frozen=True)
class TaxonRow:
    organism: str
    count: int
    taxid: int | None = None


def open_text(path: Path) -> IO[str]:
    return path.open(encoding="utf-8", newline="\n")


def count_of(text: str) -> int | None:
    """``12`` and ``12.0`` are counts; anything else is None, never a guess."""
    match = COUNT.fullmatch(text)
    return int(match[1]) if match else None


def at_line(number: int, rule: str, found: object, expected: str) -> Fault:
    return Fault("", rule, f"line {number}: {str(found)[:200]!r}", expected)


def first_cell(word: str) -> Check:
    """The file is one line, and its first tab-separated cell is the word."""

    def check(path: Path) -> Iterator[Fault]:
        with open_text(path) as file:
            lines = [line for line in file.read(64 * 1024).split("\n") if line]
        if len(lines) != 1 or lines[0].split("\t")[0] != word:
            yield Fault("", "first_cell", repr("\n".join(lines)[:200]), f"one line that starts with {word}")

    return check


def json_object(*keys: str) -> Check:
    """An object whose named values are objects, with nothing in it that a database cannot keep."""

    def check(path: Path) -> Iterator[Fault]:
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            text = json.dumps(value, allow_nan=False, ensure_ascii=False)
            text.encode()  # half a surrogate is refused here, infinity and NaN before
        except (ValueError, RecursionError) as error:
            yield Fault("", "json", str(error)[:200], "a JSON object")
            return
        if not isinstance(value, dict) or "\\u0000" in text:
            yield Fault("", "json", text[:200], "a JSON object without NUL")
        elif missing := [key for key in keys if not isinstance(value.get(key), dict)]:
            yield Fault("", "json_keys", "without " + ", ".join(missing), "objects " + ", ".join(keys))

    return check


def html(path: Path) -> Iterator[Fault]:
    with open_text(path) as file:
        head = file.read(4096).lower()
    if "<html" not in head and "<!doctype html" not in head:
        yield Fault("", "html", repr(head[:60]), "an HTML page")


def fasta_records(path: Path) -> int:
    with open_text(path) as file:
        return sum(line.startswith(">") for line in file)


def fasta(min_records: int) -> Check:
    def check(path: Path) -> Iterator[Fault]:
        with open_text(path) as file:
            first = file.readline()
        if first and not first.startswith(">"):
            yield at_line(1, "fasta", first.rstrip("\n"), "a line that starts with >")
        elif (records := fasta_records(path)) < min_records:
            yield Fault("", "fasta_records", str(records), f"at least {min_records}")

    return check


def table(*cells: Cell) -> Check:
    """A tab-separated table whose first line is exactly the names of its columns."""

    def check(path: Path) -> Iterator[list[str] | Fault]:
        names = [cell.name for cell in cells]
        with open_text(path) as file:
            header = file.readline().rstrip("\n").split("\t")
            if header == names:
                yield from _rows(file, cells, first_line=2)
            else:
                yield at_line(1, "columns", "\t".join(header), "\t".join(names))

    return check


def _rows(lines: Iterable[str], cells: Sequence[Cell], *, first_line: int) -> Iterator[list[str] | Fault]:
    seen: dict[str, set[str]] = {cell.name: set() for cell in cells if cell.unique}
    for number, line in enumerate(lines, start=first_line):
        values = line.rstrip("\n").split("\t")
        if len(values) != len(cells):
            yield at_line(number, "columns", f"{len(values)} cells", f"{len(cells)} cells")
            continue
        faults = list(_cell_faults(number, cells, values, seen))
        yield from faults
        if not faults:
            yield values


def _cell_faults(
    number: int, cells: Sequence[Cell], values: Sequence[str], seen: dict[str, set[str]]
) -> Iterator[Fault]:
    for cell, value in zip(cells, values, strict=True):
        if cell.is_count and count_of(value) is None:
            yield at_line(number, "count", value, f"a whole number in {cell.name}")
        elif not re.fullmatch(cell.pattern, value, re.ASCII):
            yield at_line(number, "pattern", value, f"{cell.name} like {cell.pattern}")
        if cell.unique:
            if value in seen[cell.name]:
                yield at_line(number, "unique", value, f"each {cell.name} once")
            seen[cell.name].add(value)


def biom_rows(path: Path) -> Iterator[TaxonRow | Fault]:
    """Rows of a taxonomy table derived from BIOM. The second column counts, whatever its header says (§3.1)."""
    with open_text(path) as file:
        first, second = (file.readline().rstrip("\n") for _ in range(2))
        if first != BIOM_FIRST_LINE:
            yield at_line(1, "biom_first_line", first, BIOM_FIRST_LINE)
            return
        header = second.split("\t")
        if header[:1] + header[2:] not in (["# OTU ID", "taxonomy"], ["# OTU ID", "taxonomy", "taxid"]):
            yield at_line(2, "columns", second, "# OTU ID, label, taxonomy[, taxid]")
            return
        for row in _rows(file, BIOM_CELLS[: len(header)], first_line=3):
            if isinstance(row, Fault):
                yield row
            else:
                yield TaxonRow(row[2], count_of(row[1]) or 0, int(row[3]) if row[3:] and row[3] else None)


def krona_rows(path: Path) -> Iterator[TaxonRow | Fault]:
    """Lines ``count, rank, rank, …`` without a header; inner ranks may be empty."""
    with open_text(path) as file:
        for number, line in enumerate(file, start=1):
            text, *ranks = line.rstrip("\n").split("\t")
            if (count := count_of(text)) is None:
                yield at_line(number, "count", text, "a whole number")
            elif not ranks or not ranks[0]:
                yield at_line(number, "ranks", line.rstrip("\n"), "a count and at least one rank")
            else:
                yield TaxonRow(";".join(ranks), count)
