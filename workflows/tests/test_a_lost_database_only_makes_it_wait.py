"""A body that polls while the database goes away waits until it is there again: slower, never wrong."""

import psycopg2
from django.db import connection

from workflows.prefect_utils import polling


def test_polling_goes_on_with_a_new_connection(transactional_db, monkeypatch):
    monkeypatch.setattr(polling, "DATABASE_AWAY_SECONDS", 0.1)
    seen = []

    def second_look():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            seen.append(cursor.fetchone()[0])
        if len(seen) == 1:
            end_backend(seen[0])
        return len(seen) == 2

    assert polling.poll(second_look, seconds=5)
    assert seen[0] != seen[1]


def end_backend(pid):
    with psycopg2.connect(**connection.get_connection_params()) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
