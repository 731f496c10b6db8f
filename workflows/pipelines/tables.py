"""Readers of the tables that pipelines write: sound rows among the faults (``spec/pipelines.md`` §1.5).

A reader serves as the check of what it reads: an importer keeps the rows, a survey the faults.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from workflows.pipelines.checks import at_line, open_text, read_to_end
from workflows.pipelines.declaration import Fault
from workflows.pipelines.tree import Match

COUNT = r"[0-9]{1,15}(?:\.0+)?"
WHOLE = re.compile(COUNT, re.ASCII)
NUMBER = r"[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
ANY = r"[^\t]*"
BIOM_FIRST_LINE = "# Constructed from biom file"
Row = tuple[str, ...]
Reader = Callable[[Path], Iterator[Row | Fault]]


@dataclass(frozen=True)
class Cell:
    """One column of a table; ``rule`` names the fault of a value that is not like ``pattern``."""

    name: str
    pattern: str = ANY
    unique: bool = False
    rule: str = "pattern"


def count(name: str = "count") -> Cell:
    """``12`` and ``12.0`` are counts; anything else is a fault, never a guess."""
    return Cell(name, COUNT, rule="count")


def number(name: str) -> Cell:
    return Cell(name, NUMBER, rule="number")


class TaxonRow(NamedTuple):
    organism: str
    reads: int
    taxid: int | None = None


def count_of(text: str) -> int | None:
    return int(text.partition(".")[0]) if WHOLE.fullmatch(text) else None


def table(*cells: Cell, header: bool = True) -> Reader:
    """A tab-separated table whose first line is exactly the names of its columns, but for a # in front."""
    names = [cell.name for cell in cells]

    def read(path: Path) -> Iterator[Row | Fault]:
        with open_text(path) as file:
            found = file.readline().rstrip("\r\n").split("\t") if header else names
            if found == names:
                yield from _rows(file, cells, first_line=1 + header)
            else:
                yield at_line(1, "columns", "\t".join(found), "\t".join(names))
                read_to_end(file)

    return read


def _rows(lines: Iterable[str], cells: Sequence[Cell], *, first_line: int) -> Iterator[Row | Fault]:
    """One pattern takes a sound line whole; only a bad one is looked at cell by cell."""
    sound = re.compile("\t".join(f"({cell.pattern})" for cell in cells), re.ASCII)
    keys = {place: set[str]() for place, cell in enumerate(cells) if cell.unique}
    for line_number, text in enumerate(lines, start=first_line):
        line = text.rstrip("\r\n")
        match = sound.fullmatch(line)
        values = match.groups() if match else tuple(line.split("\t"))
        if match is None and len(values) != len(cells):
            yield at_line(line_number, "columns", f"{len(values)} cells", f"{len(cells)} cells")
            continue
        faults = [] if match else list(_cell_faults(line_number, cells, values))
        for place, seen in keys.items():
            if values[place] in seen:
                faults.append(at_line(line_number, "unique", values[place], f"each {cells[place].name} once"))
            seen.add(values[place])
        if faults:
            yield from faults
        else:
            yield values


def _cell_faults(line_number: int, cells: Sequence[Cell], values: Row) -> Iterator[Fault]:
    for cell, value in zip(cells, values, strict=True):
        if not re.fullmatch(cell.pattern, value, re.ASCII):
            expected = f"{cell.name} like {cell.pattern}"
            told = {"count": f"a whole number in {cell.name}", "number": f"a number in {cell.name}"}
            yield at_line(line_number, cell.rule, value, told.get(cell.rule, expected))


BIOM_CELLS = (Cell("OTU ID", unique=True), count(), Cell("taxonomy", "[^\t]+"), Cell("taxid", "[0-9]*"))


def biom_rows(path: Path) -> Iterator[TaxonRow | Fault]:
    """Rows of a taxonomy table derived from BIOM. The second column counts, whatever its header says (§3.1)."""
    with open_text(path) as file:
        first, second = (file.readline().rstrip("\r\n") for _ in range(2))
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
                yield TaxonRow(row[2], int(row[1].partition(".")[0]), int(row[3]) if row[3:] and row[3] else None)


def krona_rows(path: Path, *, header: bool = False) -> Iterator[TaxonRow | Fault]:
    """Lines ``count, rank, rank, …``; inner ranks may be empty, trailing ones are left out.

    :param header: the first line begins ``# Count``, of older pipelines ``Read count``, and names the ranks
    """
    with open_text(path) as file:
        if header and not (first := file.readline().rstrip("\r\n")).startswith(("# Count\t", "Read count\t")):
            yield at_line(1, "columns", first, "# Count and the ranks")
            read_to_end(file)
            return
        for line_number, line in enumerate(file, start=1 + header):
            text, *ranks = line.rstrip("\r\n").split("\t")
            organism = ";".join(ranks).rstrip(";")
            if (reads := count_of(text)) is None:
                yield at_line(line_number, "count", text, "a whole number")
            elif not organism or not ranks[0]:
                yield at_line(line_number, "ranks", line.rstrip("\r\n"), "a count and at least one rank")
            else:
                yield TaxonRow(organism, reads)


def krona_with_header(path: Path) -> Iterator[TaxonRow | Fault]:
    return krona_rows(path, header=True)


def sound_rows(match: Match, read: Callable[[Path], Iterator[Any]]) -> Iterator[Any]:
    """The rows of a file that passed its checks; an empty file has none.

    :raises ValueError: it has faults, which another check than its own finds
    """
    read_before = match.rows.get(read)
    for row in read_before if read_before is not None else read(match.file) if match.size_bytes else ():
        if isinstance(row, Fault):
            raise ValueError(f"{match.path}: {row.found}, expected {row.expected}")  # noqa: TRY004 - the file is wrong
        yield row


Taxa = Callable[[Sequence[Match]], list[dict[str, Any]]]


def taxa(read: Callable[[Path], Iterator[TaxonRow | Fault]]) -> Taxa:
    """A parser: records {organism, count[, taxid]} in the order of the tables."""

    def parse(files: Sequence[Match]) -> list[dict[str, Any]]:
        rows = (row for match in files for row in sound_rows(match, read))
        return [
            {"organism": row.organism, "count": row.reads} | ({} if row.taxid is None else {"taxid": row.taxid})
            for row in rows
        ]

    return parse


def summed_taxa(read: Callable[[Path], Iterator[TaxonRow | Fault]]) -> Taxa:
    """A parser: records {organism, count}, the counts of all tables added up."""

    def parse(files: Sequence[Match]) -> list[dict[str, Any]]:
        counts: Counter[str] = Counter()
        for match in files:
            for row in sound_rows(match, read):
                counts[row.organism] += row.reads
        return [{"organism": organism, "count": reads} for organism, reads in counts.items()]

    return parse


def counted(read: Reader) -> Callable[[Sequence[Match]], list[dict[str, Any]]]:
    """A parser of a summary table: records {identifier, description, count} in the order of the file."""

    def parse(files: Sequence[Match]) -> list[dict[str, Any]]:
        return [
            {"identifier": row[0], "description": row[1], "count": count_of(row[-1])}
            for match in files
            for row in sound_rows(match, read)
        ]

    return parse


GO_CATEGORY = "biological_process|cellular_component|molecular_function"
INTERPRO = table(Cell("interpro_accession", r"IPR\d{6}", unique=True), Cell("description"), count())
PFAM = table(Cell("pfam", r"PF\d{5}", unique=True), Cell("description"), count())
GO = table(Cell("go", r"GO:\d{7}", unique=True), Cell("term"), Cell("category", GO_CATEGORY), count())
KO = table(Cell("ko", r"K\d{5,}", unique=True), Cell("description"), count())
ANTISMASH = table(Cell("label", unique=True), Cell("description"), count())
SANNTIS = table(Cell("nearest_mibig", r"BGC\d{7}"), Cell("nearest_mibig_class"), Cell("description"), count())
MODULE_CELLS = (
    Cell("module_accession", r"M\d{5}"),
    number("completeness"),
    *map(Cell, ("pathway_name", "pathway_class", "matching_ko", "missing_ko")),
)
KEGG_MODULES = table(*MODULE_CELLS)
KEGG_MODULES_PER_CONTIG = table(Cell("contig"), *MODULE_CELLS)


def quast(path: Path) -> Iterator[Row | Fault]:
    """Pairs of a measure and its value in the last column, that of the contigs which were analysed (§3.5)."""
    with open_text(path) as file:
        header = file.readline().rstrip("\r\n").split("\t")
        if header[0] != "Assembly" or len(header) < 2:
            yield at_line(1, "columns", "\t".join(header), "Assembly and a column for each")
        for line_number, line in enumerate(file, start=2):
            values = line.rstrip("\r\n").split("\t")
            if len(values) == len(header):
                yield values[0], values[-1]
            else:
                yield at_line(line_number, "columns", f"{len(values)} cells", f"{len(header)} cells")
