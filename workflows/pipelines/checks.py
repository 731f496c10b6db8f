"""Content checks of result files: streaming, plain or gzip, all faults of a file (``spec/pipelines.md`` §1.5).

Whoever reads a gzip reads it to its end, so that a truncated one is told.
"""

import gzip
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from workflows.pipelines.declaration import Check, Fault

GFF_HEADER = re.compile(r"##gff-version\s+3\b")
GFF_COLUMNS = 9
CHUNK_BYTES = 1 << 20
BROKEN_GZIP = (gzip.BadGzipFile, EOFError, zlib.error)


def open_text(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return cast(IO[str], gzip.open(path, "rt", encoding="utf-8", newline="\n"))
    return path.open(encoding="utf-8", newline="\n")


def open_binary(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def read_to_end(file: IO) -> None:
    while file.read(CHUNK_BYTES):
        pass


def whole(path: Path) -> Iterator[Fault]:
    """Nothing but that it can be read; the check of what has no other."""
    with open_binary(path) as file:
        read_to_end(file)
    yield from ()


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


def json_object(*keys: str, of: type | tuple[type, ...] = dict) -> Check:
    """An object whose named values are objects, or of another type, with nothing that a database cannot keep."""

    def check(path: Path) -> Iterator[Fault]:
        with open_text(path) as file:
            content = file.read()
        try:
            value = json.loads(content)
            text = json.dumps(value, allow_nan=False, ensure_ascii=False)
            text.encode()  # half a surrogate is refused here, infinity and NaN before
        except (ValueError, RecursionError) as error:
            yield Fault("", "json", str(error)[:200], "a JSON object")
            return
        if not isinstance(value, dict) or "\\u0000" in text:
            yield Fault("", "json", text[:200], "a JSON object without NUL")
        elif missing := [key for key in keys if not isinstance(value.get(key), of) or isinstance(value[key], bool)]:
            kind = "objects" if of is dict else "numbers"
            yield Fault("", "json_keys", "without " + ", ".join(missing), f"{kind} " + ", ".join(keys))

    return check


def html(path: Path) -> Iterator[Fault]:
    with open_text(path) as file:
        head = file.read(4096).lower()
        read_to_end(file)
    if "<html" not in head and "<!doctype html" not in head:
        yield Fault("", "html", repr(head[:60]), "an HTML page")


def xlsx(path: Path) -> Iterator[Fault]:
    with open_binary(path) as file:
        if not zipfile.is_zipfile(file) or "xl/workbook.xml" not in zipfile.ZipFile(file).namelist():
            yield Fault("", "xlsx", "something else", "an Excel workbook")


def fasta_records(path: Path) -> int:
    with open_text(path) as file:
        return sum(line.startswith(">") for line in file)


def fasta_sequences(path: Path) -> Iterator[tuple[str, str]]:
    """Name and bases of each record of a file that was checked."""
    with open_text(path) as file:
        for head, *lines in (record.splitlines() for record in file.read().split(">")[1:]):
            yield head.split()[0], "".join(lines)


def fasta(min_records: int) -> Check:
    def check(path: Path) -> Iterator[Fault]:
        with open_text(path) as file:
            first = file.readline()
            records = first.startswith(">") + sum(line.startswith(">") for line in file)
        if first and not first.startswith(">"):
            yield at_line(1, "fasta", first.rstrip("\r\n"), "a line that starts with >")
        elif records < min_records:
            yield Fault("", "fasta_records", str(records), f"at least {min_records}")

    return check


def gff3(path: Path) -> Iterator[Fault]:
    """A header, then lines of nine columns or comments; MAP writes a tab too many at times, which harms nobody."""
    with open_text(path) as file:
        header = file.readline().rstrip("\r\n")
        if not GFF_HEADER.match(header):
            yield at_line(1, "gff3", header, "##gff-version 3")
        for number, line in enumerate(file, start=2):
            if line.startswith("##FASTA"):
                break
            if line[:1] not in ("#", "\n", "") and line.count("\t") < GFF_COLUMNS - 1:
                yield at_line(number, "columns", f"{line.count(chr(9)) + 1} cells", f"{GFF_COLUMNS} cells")
        read_to_end(file)


def gzi(path: Path) -> Iterator[Fault]:
    """Little-endian u64 n, then n pairs of u64; n may be 0."""
    content = path.read_bytes()
    pairs = struct.unpack("<Q", content[:8])[0] if len(content) >= 8 else -1
    if len(content) != 8 + 16 * pairs:
        yield Fault("", "gzi", f"{len(content)} bytes that begin with {content[:8].hex()}", "8 + 16 n bytes, n first")


def csi(path: Path) -> Iterator[Fault]:
    with cast(IO[bytes], gzip.open(path)) as file:
        magic = file.read(4)
        read_to_end(file)
    if magic != b"CSI\1":
        yield Fault("", "csi", magic.hex(), "CSI\\1 once decompressed")


def fai(path: Path) -> Iterator[Fault]:
    with open_text(path) as file:
        for number, line in enumerate(file, start=1):
            if not re.fullmatch(r"[^\t]+(?:\t[0-9]+){4}\r?\n?", line):
                yield at_line(number, "fai", line.rstrip("\r\n"), "a name and four whole numbers")


INDEXES = {"fai": fai, "gzi": gzi, "csi": csi}
