"""What an answer of the portal must look like before anybody uses it. Bodies are spools; nothing here connects."""

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import IO, Self

from ena.errors import ForeignAnswer, IncompleteAnswer

Row = dict[str, str]


class Ragged(Exception):
    """A line with another number of cells than the header, or no newline at the end: to be asked again as JSON."""


@dataclass
class Answer:
    """A complete answer, still in its spool. Iterating reads it from the start, any number of times."""

    fields: tuple[str, ...]
    rows: int
    body: IO[bytes]
    read: Callable[[IO[bytes]], Iterator[Row]]

    def __iter__(self) -> Iterator[Row]:
        return self.read(self.body)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.body.close()


def read_tsv(body: IO[bytes]) -> Iterator[Row]:
    """Yield the rows below the header. ENA quotes nothing, so ``"`` is an ordinary character."""
    body.seek(0)
    header = _cells(next(body, b""))
    for line in body:
        yield dict(zip(header, _cells(line), strict=True))


def read_json(body: IO[bytes]) -> Iterator[Row]:
    """Yield the rows of an array with one object a line, without holding the array."""
    body.seek(0)
    for line in body:
        text = line.strip().removeprefix(b"[").removesuffix(b"]").strip().removesuffix(b",")
        if text:
            yield json.loads(text.replace(b"\\u0000", b""))


def check_tsv(body: IO[bytes], fields: Collection[str]) -> int:
    """Prove that a TSV body is whole and is the table asked for.

    :return: the number of rows
    :raises ForeignAnswer: HTML, a message or a lone line where the header should be
    :raises Ragged: a cell too many or too few, or a cut last line
    """
    body.seek(0)
    header = next(body, b"")
    if not header:
        return 0  # 204, or 200 and nothing: /count has the last word
    if set(_cells(header)) != set(fields):
        raise ForeignAnswer(f"not the table asked for, but {header[:200]!r}")
    tabs, rows, line = header.count(b"\t"), 0, header
    for line in body:
        rows += 1
        if line.count(b"\t") != tabs:
            raise Ragged(f"row {rows} has another number of cells than the header's {tabs + 1}")
    if not line.endswith(b"\n"):
        raise Ragged("the last line is not closed")
    return rows


def check_json(body: IO[bytes], fields: Collection[str]) -> int:
    """Prove that a JSON body is a closed array of the objects asked for.

    :return: the number of rows
    :raises ForeignAnswer, IncompleteAnswer: as they say
    """
    rows, last = 0, b""
    try:
        for row in read_json(body):
            if not isinstance(row, dict) or set(row) != set(fields):
                raise ForeignAnswer(f"not the objects asked for, but {str(row)[:200]!r}")
            rows += 1
    except ValueError as error:
        raise IncompleteAnswer(f"broken JSON after {rows} rows") from error
    body.seek(0)
    for line in body:
        last = line.strip() or last
    if last and not last.endswith(b"]"):
        raise IncompleteAnswer(f"the array is not closed after {rows} rows")
    return rows


def check_count(body: IO[bytes]) -> int:
    """Read the one number of ``/count``.

    :raises ForeignAnswer: anything else than a header and a number
    """
    body.seek(0)
    lines = body.read(200).split()
    if len(lines) != 2 or lines[0] != b"count" or not lines[1].isdigit():
        raise ForeignAnswer(f"not a count, but {b' '.join(lines)!r}")
    return int(lines[1])


def check_catalogue(body: IO[bytes]) -> list[str]:
    """Read the column names of ``/returnFields``.

    :raises ForeignAnswer: no ``columnId``, or no columns
    """
    body.seek(0)
    header, *lines = body.read().decode().split("\n")
    names = [line.split("\t")[0].strip() for line in lines]
    if not header.startswith("columnId") or not any(names):
        raise ForeignAnswer(f"not a list of fields, but {header[:200]!r}")
    return [name for name in names if name]


# NUL goes away in both forms: ENA's files have held one, and Postgres takes none in text.
def _cells(line: bytes) -> list[str]:
    return line.replace(b"\0", b"").decode("utf-8", "replace").rstrip("\r\n").split("\t")
