import time
from pathlib import Path

import pytest
from django.core.signals import request_finished
from django.db import DataError, close_old_connections, connection

from analyses.selectors.tables import Table
from analyses.visibility import Actor
from emgapiv2.api import streams as streaming
from emgapiv2.api.request import ApiRequest
from emgapiv2.api.tables import FORMATS, cell


@pytest.fixture
def asked():
    request = ApiRequest()
    request.META["REMOTE_ADDR"] = "1.1.1.1"
    request.is_head, request.request_id = False, "1"
    return request


@pytest.fixture
def the_tests_own_connection_stays():
    """An answer that is closed ends a request, which closes the connections of the process."""
    request_finished.disconnect(close_old_connections)
    yield
    request_finished.connect(close_old_connections)


def stream(asked, sql, table_format="tsv"):
    table = Table({"number": "integer", "word": "text"}, sql, ())
    return streaming.stream_table(
        asked, table, actor=Actor.anonymous(), name="x", table_format=table_format, version=()
    )


@pytest.mark.django_db
@pytest.mark.parametrize("table_format", FORMATS)
def test_a_failure_on_the_way_breaks_the_stream_off(asked, table_format):
    answer = stream(asked, "SELECT 1 / (5000 - n), 'x' FROM generate_series(1, 9000) n", table_format)
    chunks = []
    with pytest.raises(DataError, match="division by zero"):
        chunks.extend(answer)
    received = b"".join(chunks)
    assert received
    assert b"_end" not in received
    assert not received.endswith(b"PAR1")
    assert not streaming._running, "the place is free again"


@pytest.mark.django_db
def test_a_million_rows_take_no_more_memory_than_some(asked):
    answer = stream(asked, "SELECT n, 'word ' || n FROM generate_series(1, 1000000) n")
    before, size, largest = resident_bytes(), 0, 0
    for chunk in answer:
        size, largest = size + len(chunk), max(largest, resident_bytes())
    assert size > 15_000_000
    assert largest - before < 16 * 1024 * 1024


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.django_db
def test_only_so_many_at_once(asked, the_tests_own_connection_stays):
    sql = "SELECT n, 'x' FROM generate_series(1, 9000) n"
    running = [stream(asked, sql) for _ in range(2)]
    refused = stream(asked, sql)
    assert (refused.status_code, refused["Retry-After"]) == (429, "30")
    running[0].close()
    again = stream(asked, sql)
    assert again.status_code == 200
    for answer in (running[1], again):
        answer.close()
    assert not streaming._running
    until = time.monotonic() + 30
    while left := _exporting():  # a closed connection is listed until its backend has had its turn
        assert time.monotonic() < until, f"nobody reads on for a caller who has left: {left}"
        time.sleep(0.1)


def _exporting():
    sql = """SELECT state, query FROM pg_stat_activity
              WHERE datname = current_database() AND query LIKE '%"export"%' AND pid <> pg_backend_pid()"""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=1+1", "'=1+1"),
        ("@x", "'@x"),
        ("-x", "'-x"),
        (" =1", "' =1"),
        ("-1.5e3", "-1.5e3"),
        ("+3", "+3"),
        (-2, "-2"),
        (None, ""),
        (["a", "b"], "a;b"),
        (["=a"], "'=a"),
    ],
)
def test_no_cell_is_a_formula(value, text):
    assert cell(value) == text
