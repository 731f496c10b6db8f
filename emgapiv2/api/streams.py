"""A table sent while it is read (``spec/api-v2.md`` §10): whole or broken off, in constant memory."""

import hashlib
import threading
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import chain
from typing import Any

from django.conf import settings
from django.db import connections
from django.http import HttpResponseBase, HttpResponseNotModified, StreamingHttpResponse
from django.utils.http import content_disposition_header

from analyses.selectors.tables import Table
from analyses.visibility import Actor, Kind
from emgapiv2.api.addresses import caller_of
from emgapiv2.api.caching import is_private
from emgapiv2.api.limits import answer_busy
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.tables import FORMATS, Writer

AT_ONCE, AT_ONCE_BY_ONE = 4, 2
BUSY_SECONDS = 30
CELLS_A_BATCH, LARGEST_BATCH_ROWS = 40_000, 2_000
_running: Counter[str] = Counter()
_lock = threading.Lock()


def stream_table(
    request: ApiRequest, table: Table, *, actor: Actor, name: str, table_format: str | None, version: tuple[Any, ...]
) -> HttpResponseBase:
    """The answer that holds the table.

    :param name: of the file, without its ending
    :param version: what changes when any row does, such as the newest ``updated_at`` and the number of rows
    """
    chosen = table_format or _accepted(request)
    media_type, write = FORMATS[chosen]
    tag = f'"{_digest(table, chosen, version)}"'
    if not is_private(request) and tag.strip('"') in request.headers.get("If-None-Match", ""):
        return HttpResponseNotModified(headers={"ETag": tag})
    response = StreamingHttpResponse(content_type=media_type)
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.{chosen}")
    response["ETag"] = tag
    if request.is_head:
        return response
    holder = caller_of(request) if actor.kind is Kind.ANONYMOUS else str(actor)
    if not _take(holder):
        return answer_busy(request, "Too many exports at once.", BUSY_SECONDS)
    chunks = _held(holder, table, write)
    next(chunks)  # the first batch is read before anything is sent: what fails until here is told properly
    response.streaming_content = chunks
    return response


def _held(holder: str, table: Table, write: Writer) -> Iterator[bytes]:
    """The table's bytes, after an empty chunk. However they end, the place is free for the next."""
    batches = _batches(table)
    try:
        first = next(batches, None)
        yield b""
        yield from write(table.columns, chain([first] if first else [], batches))
    finally:
        batches.close()
        _give_back(holder)


def _batches(table: Table) -> Generator[list[tuple], None, None]:
    """The rows as they were at one moment, over a connection of their own."""
    size = max(1, min(LARGEST_BATCH_ROWS, CELLS_A_BATCH // len(table.columns)))
    timeout_ms = round(settings.EMG_CONFIG.api.export_timeout_seconds * 1000)
    own = connections.create_connection("default")
    with closing(own), own.wrap_database_errors:
        own.ensure_connection()
        own.connection.set_session(isolation_level="REPEATABLE READ", readonly=True, autocommit=False)
        with own.connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = %s", [timeout_ms])
        with own.connection.cursor(name="export") as cursor:
            cursor.execute(table.sql, table.parameters)
            while rows := cursor.fetchmany(size):
                yield [table.cells(row) for row in rows]


def _accepted(request: ApiRequest) -> str:
    wanted = request.get_preferred_type([media_type for media_type, _ in FORMATS.values()])
    return next((name for name, (media_type, _) in FORMATS.items() if media_type == wanted), "tsv")


def _digest(table: Table, chosen: str, version: tuple[Any, ...]) -> str:
    asked = repr((chosen, table.columns, table.sql, table.parameters, version))
    return hashlib.blake2b(asked.encode(), digest_size=16).hexdigest()


def _take(holder: str) -> bool:
    with _lock:
        if _running.total() >= AT_ONCE or _running[holder] >= AT_ONCE_BY_ONE:
            return False
        _running[holder] += 1
        return True


def _give_back(holder: str) -> None:
    with _lock:
        _running[holder] -= 1
        if not _running[holder]:
            del _running[holder]
