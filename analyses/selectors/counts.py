"""How many rows a list has: many are counted at most once a minute for all processes (``spec/api-v2.md`` §4)."""

import hashlib
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.core.cache import caches
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now
from psycopg2.errors import QueryCanceled

from analyses.models import ListCount
from analyses.selectors.questions import Question, Slot

FRESH, KEPT = timedelta(seconds=60), timedelta(days=1)  # searches that nobody repeats go away again
FEW = 1000  # so many are counted for each page, from an index alone
LONGEST_MS = 1000  # for a count, before the planner is asked instead
KNOWN = """
SELECT {few}, count, is_estimate, extract(epoch FROM counted_at - statement_timestamp()) + {seconds}
FROM (SELECT) one LEFT JOIN analyses_listcount ON key = %s
"""
EVERY = "SELECT count(*) FROM ({ids}) every"
FEW_OF = "(SELECT count(*) FROM ({ids} LIMIT {limit}) few)"
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('count:' || %s, 0))"


class Estimate(int):
    """What the planner thinks, of rows that take too long to be counted."""


def count_of(ids: Question, given: dict[str, Any], *, is_whole_list: bool = False) -> int:
    """Exact; of more than a thousand rows at most a minute old, of a whole list always.

    While one caller counts anew, the others get the count before.

    :param ids: asks for the keys of all rows, in no order
    """
    key = hashlib.sha256(repr((ids.sql, ids.values(given))).encode()).hexdigest()
    if is_whole_list and (kept := caches["counts"].get(key)) is not None:
        return kept
    ((few, last, is_estimate, fresh_seconds),) = _known(ids, is_whole_list).ask(given | {"key": key})
    if few is not None and few <= FEW:
        return few
    last = Estimate(last) if is_estimate else last
    if last is not None and fresh_seconds > 0:
        if is_whole_list:  # the process need not even ask what it was
            caches["counts"].set(key, last, float(fresh_seconds))
        return last
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TRY_LOCK, [key])
        if last is not None and not cursor.fetchone()[0]:
            return last
        count = _counted(cursor, ids.sql, ids.values(given))
        if isinstance(count, Estimate):
            count = Estimate(max(count, few or 0, last or 0))
        ListCount.objects.filter(counted_at__lt=Now() - KEPT).delete()
        ListCount.objects.bulk_create(
            [ListCount(key=key, count=count, is_estimate=isinstance(count, Estimate), counted_at=Now())],
            update_conflicts=True,
            unique_fields=["key"],
            update_fields=["count", "is_estimate", "counted_at"],
        )
    return count


def _counted(cursor: Any, sql: str, params: list[Any]) -> int:
    try:
        with transaction.atomic():
            cursor.execute("SET LOCAL statement_timeout = %s", [LONGEST_MS])
            cursor.execute(EVERY.format(ids=sql), params)
            count: int = cursor.fetchone()[0]
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        return Estimate(cursor.fetchone()[0][0]["Plan"]["Plan Rows"])
    return count


@lru_cache(maxsize=512)
def _known(ids: Question, is_whole_list: bool) -> Question:
    few = "NULL" if is_whole_list else FEW_OF.format(ids=ids.sql, limit=FEW + 1)
    sql = KNOWN.format(few=few, seconds=round(FRESH.total_seconds()))
    return Question(sql, (*(() if is_whole_list else ids.params), Slot("key")))
