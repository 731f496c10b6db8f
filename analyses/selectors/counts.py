"""How many rows a whole list has, counted at most once a minute for all processes together (``spec/api-v2.md`` §4)."""

import hashlib
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from analyses.models import ListCount

FRESH, KEPT = timedelta(seconds=60), timedelta(days=1)  # searches that nobody repeats go away again
# Asked for each page of each list, so in plain SQL.
KNOWN = """
SELECT count, counted_at > statement_timestamp() - make_interval(secs => %s) FROM analyses_listcount WHERE key = %s
"""
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('count:' || %s, 0))"


def remembered_count(rows: QuerySet) -> int:
    """An exact count, at most a minute old; while another caller counts anew, the one before."""
    question = rows.order_by().values("pk").query.sql_with_params()
    key = hashlib.sha256(repr(question).encode()).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [FRESH.total_seconds(), key])
        last, is_fresh = cursor.fetchone() or (None, False)
    if last is not None and is_fresh:
        return last
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TRY_LOCK, [key])
        if last is not None and not cursor.fetchone()[0]:
            return last
        count = rows.order_by().count()
        ListCount.objects.filter(counted_at__lt=Now() - KEPT).delete()
        ListCount.objects.bulk_create(
            [ListCount(key=key, count=count, counted_at=Now())],
            update_conflicts=True,
            unique_fields=["key"],
            update_fields=["count", "counted_at"],
        )
    return count
