import pytest
import requests
from django.db import connection

CLOSE_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


@pytest.mark.django_db
def test_a_closed_connection_is_opened_again(site):
    address = f"{site}/api/v2/runs/"
    assert requests.get(address).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute(CLOSE_OTHERS)
        assert cursor.fetchone()[0] >= 1
    assert [requests.get(address).status_code for _ in range(3)] == [200] * 3
