"""What an answer of the portal must look like before anybody uses it. Bodies are spools; nothing here connects.

Everything is asked for as JSON, one object a line: a newline or tab inside a value cannot break a row, an end is seen.
"""

import json
import os
import re
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, Self

import orjson

from ena import errors
from ena.errors import ForeignAnswer, IncompleteAnswer

RETRIED_STATUSES = {408, 425, 500, 502, 503, 504}
INVALID_FIELDS = re.compile(r"Invalid fieldName\(s\) supplied:\s*([\w,\s]+)")
Row = dict[str, str]


@dataclass
class Answer:
    """A complete answer, still in its spool. Iterating gives the filled cells of each row, any number of times."""

    fields: Sequence[str]
    rows: int
    body: IO[bytes]

    def __iter__(self) -> Iterator[Row]:
        return map(filled_cells, texts_of(self.body))

    def append(self, other: "Answer") -> None:
        """Take in the rows of another answer with the same columns."""
        self.body.seek(0, os.SEEK_END)
        self.body.write(b"\n")
        other.body.seek(0)
        shutil.copyfileobj(other.body, self.body)
        self.rows += other.rows

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.body.close()


def check_status(status: int, content_type: str, body: IO[bytes], *, asked: str) -> None:
    """Say what a status means, and what looks like no answer at all.

    :param asked: the question, for the message
    :raises EnaError: it is not the whole answer that it should be
    """
    body.seek(0)
    start = body.read(2000).decode("utf-8", "replace")
    told = f"status {status}: {start[:200] or 'no text'}"
    if status in (401, 403):
        raise errors.CredentialsRefused(f"{asked}: {told}")
    if status == 400 or (status == 500 and "Unknown search field" in start):
        names = INVALID_FIELDS.search(start)
        raise errors.QueryRefused(f"{asked}: {told}", tuple(re.findall(r"\w+", names.group(1))) if names else ())
    if status == 429:
        raise errors.RateLimited(told)
    if status in RETRIED_STATUSES:
        raise errors.ServerFailed(told)
    if "html" in content_type or start.lstrip().startswith('{"message"'):
        raise ForeignAnswer(told)
    if status == 404:
        raise errors.NotFound(f"{asked}: {told}")
    if status not in (200, 204):
        raise ForeignAnswer(told)


def texts_of(body: IO[bytes]) -> Iterator[bytes]:
    """Yield the text of each object of an array without holding the array."""
    body.seek(0)
    for line in body:
        text = line.strip().removeprefix(b"[").removesuffix(b"]").strip().removesuffix(b",")
        if text:
            yield text


def filled_cells(text: bytes) -> Row:
    """Read an object without its empty cells; what is not text is written out."""
    return {
        name: value if value.__class__ is str else orjson.dumps(value).decode()
        for name, value in _object(text).items()
        if value or value == 0
    }


def check_rows(body: IO[bytes], fields: Collection[str]) -> int:
    """Prove that a body is a closed array of the objects asked for.

    :return: the number of rows
    :raises ForeignAnswer, IncompleteAnswer: as they say
    """
    if body.seek(0, os.SEEK_END) == 0:
        return 0  # 204, or 200 and nothing: /count has the last word
    body.seek(0)
    if not (start := body.read(200)).lstrip().startswith(b"["):
        raise ForeignAnswer(f"not an array, but {start!r}")
    rows, wanted = 0, set(fields)
    try:
        for row in map(_object, texts_of(body)):
            if row.keys() != wanted:
                raise ForeignAnswer(f"not the objects asked for, but {str(row)[:200]!r}")
            rows += 1
    except (ValueError, AttributeError) as error:
        raise IncompleteAnswer(f"broken JSON after {rows} rows") from error
    _check_end(body, rows)
    return rows


def check_count(body: IO[bytes]) -> int:
    """:raises ForeignAnswer: not the one number of ``/count``"""
    try:
        return int(orjson.loads(body.read())["count"])
    except (ValueError, TypeError, KeyError) as error:
        raise ForeignAnswer("not a count") from error


def check_catalogue(body: IO[bytes]) -> frozenset[str]:
    """:raises ForeignAnswer, IncompleteAnswer: not the whole list of columns of ``/returnFields``"""
    try:
        names = frozenset(row["columnId"] for row in map(_object, texts_of(body)))
    except (ValueError, TypeError, KeyError) as error:
        raise ForeignAnswer("not a list of fields") from error
    if not names:
        raise ForeignAnswer("a list of no fields")
    _check_end(body, len(names))
    return names


def _check_end(body: IO[bytes], rows: int) -> None:
    body.seek(-min(body.seek(0, os.SEEK_END), 16), os.SEEK_END)
    if not body.read().rstrip().endswith(b"]"):
        raise IncompleteAnswer(f"the array is not closed after {rows} rows")


def _object(text: bytes) -> dict[str, Any]:
    """Read an object. What Postgres takes in no text (NUL) or nobody can read goes away: it is one cell of one row."""
    try:
        if b"\\u0000" not in text:
            return orjson.loads(text)
    except ValueError:  # a raw control character, half a character
        pass
    row: dict[str, Any] = json.loads(text.decode("utf-8", "replace"), strict=False)
    return {
        name: cell.encode("utf-8", "replace").decode().replace("\0", "") if isinstance(cell, str) else cell
        for name, cell in row.items()
    }
