"""At most N in a time over all our processes: one row in Postgres says when the next may come."""

import logging
import time
from email.utils import parsedate_to_datetime

from django.db import Error, connection

from ena.errors import EnaUnavailable

logger = logging.getLogger(__name__)
FALLBACK_SECONDS = 1.0
MANY_FAILURES, BREAK_SECONDS = 10, 60
MAX_RETRY_AFTER_SECONDS = 300
_failing: set[str] = set()  # keys that had failures when this process last asked: a success must tell

# One statement is one decision: racing processes queue on the row and each gets a slot of its own.
TAKE_SLOT = """
INSERT INTO ena_throttle AS t (key, next_slot_at)
VALUES (%(key)s, clock_timestamp() + %(gap)s * interval '1 second')
ON CONFLICT (key) DO UPDATE
SET next_slot_at = greatest(t.next_slot_at, clock_timestamp()) + %(gap)s * interval '1 second'
RETURNING extract(epoch FROM next_slot_at - clock_timestamp())::float - %(gap)s, failures,
          extract(epoch FROM open_until - clock_timestamp())::float
"""
# Once the breaker has been open, one more failure opens it again, and one success shuts it.
FAILED = """
UPDATE ena_throttle SET failures = failures + 1, open_until =
  CASE WHEN failures + 1 >= %(many)s THEN clock_timestamp() + %(pause)s * interval '1 second' END WHERE key = %(key)s
"""
FINE = "UPDATE ena_throttle SET failures = 0, open_until = NULL WHERE key = %(key)s"
PAUSE = """
INSERT INTO ena_throttle AS t (key, next_slot_at) VALUES (%(key)s, clock_timestamp() + %(pause)s * interval '1 second')
ON CONFLICT (key) DO UPDATE SET next_slot_at = greatest(t.next_slot_at, excluded.next_slot_at)
"""
# Each turn moves the row on by its share of a minute; as many as a minute holds may come at once.
TAKE_TURN = """
INSERT INTO ena_throttle AS t (key, next_slot_at) VALUES (%(key)s, clock_timestamp() + %(gap)s * interval '1 second')
ON CONFLICT (key) DO UPDATE
SET next_slot_at = greatest(t.next_slot_at, clock_timestamp()) + %(gap)s * interval '1 second'
WHERE t.next_slot_at <= clock_timestamp() + %(lead)s * interval '1 second'
RETURNING 1
"""
NEXT_TURN = """
SELECT extract(epoch FROM next_slot_at - clock_timestamp())::float - %(lead)s FROM ena_throttle WHERE key = %(key)s
"""
# A row whose time has come says as much as none. Only a few at once, and none that somebody is using.
FORGET_PAST_TURNS = """
DELETE FROM ena_throttle WHERE key IN (
    SELECT key FROM ena_throttle WHERE next_slot_at < clock_timestamp() AND key LIKE 'sign-in %%'
    LIMIT 100 FOR UPDATE SKIP LOCKED)
"""


def take_turn(*, key: str, per_minute: int) -> float:
    """Take one of a minute's turns, if one is free.

    :return: 0, or the seconds until the next is
    """
    gap = 60 / per_minute
    values: dict[str, str | float] = {"key": key, "gap": gap, "lead": gap * (per_minute - 1)}
    with connection.cursor() as cursor:
        cursor.execute(FORGET_PAST_TURNS)
        cursor.execute(TAKE_TURN, values)
        if cursor.fetchone():
            return 0
        cursor.execute(NEXT_TURN, values)
        row = cursor.fetchone()
    return max(row[0], 0.001) if row else 0.001


def wait_for_slot(*, key: str, per_second: float) -> float:
    """Sleep until this process may send one request.

    :return: the seconds waited
    :raises EnaUnavailable: at once, after many failures in a row of all processes
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(TAKE_SLOT, {"key": key, "gap": 1 / per_second})
            wait, failures, closed_for = cursor.fetchone()
    except Error:
        logger.exception("The shared throttle %s cannot be read: one request a second from this process", key)
        wait, failures, closed_for = FALLBACK_SECONDS, 0, None
    if closed_for and closed_for > 0:
        raise EnaUnavailable(f"{MANY_FAILURES} requests in a row failed: none is sent for {closed_for:.0f} s")
    if failures:
        _failing.add(key)
    time.sleep(max(0.0, wait))
    return max(0.0, wait)


def tell_outcome(*, key: str, failed: bool) -> None:
    """Count failures in a row, of all processes together."""
    if not failed and key not in _failing:
        return
    _failing.discard(key)
    try:
        with connection.cursor() as cursor:
            cursor.execute(FAILED if failed else FINE, {"key": key, "many": MANY_FAILURES, "pause": BREAK_SECONDS})
    except Error:
        logger.exception("The shared throttle %s does not know how a request went", key)


def pause_asked_for(retry_after: str) -> float:
    """Read ``Retry-After``, seconds or an HTTP date: at least 1 s, at most 300."""
    try:
        seconds = (
            int(retry_after) if retry_after.isdigit() else parsedate_to_datetime(retry_after).timestamp() - time.time()
        )
    except ValueError:
        seconds = 1
    return min(max(seconds, 1), MAX_RETRY_AFTER_SECONDS)


def pause_everyone(*, key: str, seconds: float) -> None:
    """Let no process send anything for so long: ENA asked for it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(PAUSE, {"key": key, "pause": seconds})
    except Error:
        logger.exception("The shared throttle %s cannot be moved: only this process pauses", key)
        time.sleep(seconds)
