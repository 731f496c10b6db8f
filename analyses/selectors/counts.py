"""How many rows a list has: many are counted at most once a minute for all processes (``spec/api-v2.md`` §4)."""

import hashlib
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from analyses.models import ListCount
from analyses.selectors.questions import Question, Slot

FRESH, KEPT = timedelta(seconds=60), timedelta(days=1)  # searches that nobody repeats go away again
FEW = 1000  # so many are counted for each page, from an index alone
KNOWN = """
SELECT {few}, count, counted_at > statement_timestamp() - interval '{seconds} s'
FROM (SELECT) one LEFT JOIN analyses_listcount ON key = %s
"""
EVERY = "SELECT count(*) FROM ({ids}) every"
FEW_OF = "(SELECT count(*) FROM ({ids} LIMIT {limit}) few)"
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('count:' || %s, 0))"


def count_of(ids: Question, given: dict[str, Any], *, is_whole_list: bool = False) -> int:
    """Exact; of more than a thousand rows at most a minute old, of a whole list always.

    While one caller counts anew, the others get the count before.

    :param ids: asks for the keys of all rows, in no order
    """
    key = hashlib.sha256(repr((ids.sql, ids.values(given))).encode()).hexdigest()
    ((few, last, is_fresh),) = _known(ids, is_whole_list).ask(given | {"key": key})
    if few is not None and few <= FEW:
        return few
    if last is not None and is_fresh:
        return last
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TRY_LOCK, [key])
        if last is not None and not cursor.fetchone()[0]:
            return last
        cursor.execute(EVERY.format(ids=ids.sql), ids.values(given))
        count = cursor.fetchone()[0]
        ListCount.objects.filter(counted_at__lt=Now() - KEPT).delete()
        ListCount.objects.bulk_create(
            [ListCount(key=key, count=count, counted_at=Now())],
            update_conflicts=True,
            unique_fields=["key"],
            update_fields=["count", "counted_at"],
        )
    return count


@lru_cache(maxsize=512)
def _known(ids: Question, is_whole_list: bool) -> Question:
    few = "NULL" if is_whole_list else FEW_OF.format(ids=ids.sql, limit=FEW + 1)
    sql = KNOWN.format(few=few, seconds=round(FRESH.total_seconds()))
    return Question(sql, (*(() if is_whole_list else ids.params), Slot("key")))
