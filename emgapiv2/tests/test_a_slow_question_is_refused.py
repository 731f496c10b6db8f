import subprocess
import sys

import pytest
from django.db import connection

from emgapiv2.tests.operations import PREFIX
from emgapiv2.tests.test_errors_are_json import refusal

SLOW = "SELECT count(*) FROM generate_series(1, 1e9::bigint)"
ASK = """
import emgapiv2.wsgi
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SHOW statement_timeout")
    print(cursor.fetchone()[0])
"""


@pytest.mark.django_db
def test_what_takes_too_long_is_503_and_says_nothing_else(client, monkeypatch):
    def search_slowly(**_arguments):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 50")
            cursor.execute(SLOW)

    monkeypatch.setattr("analyses.selectors.studies.list_public", search_slowly)
    answer = client.get(f"{PREFIX}/studies/?search=x")
    assert "longer than we allow" in refusal(answer, 503, "too_slow")
    assert answer["Retry-After"] == "60"


def test_the_web_process_has_the_timeout(monkeypatch):
    monkeypatch.setenv("EMG_DATABASE__NAME", "postgres")  # any database will do: nothing in it is read
    monkeypatch.setenv("EMG_API__STATEMENT_TIMEOUT_SECONDS", "3.5")
    asked = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == "3500ms"
