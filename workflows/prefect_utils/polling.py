"""Looking at rows again and again, politely: where there is no deployment, or no Prefect just now (§5.2, §5.4)."""

import logging
import select
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

from django.db import InterfaceError, OperationalError, connection
from django.db.models import Q
from django.db.models.functions import Now

from workflows.duties import Wire, open_wire
from workflows.models import Duty

logger = logging.getLogger(__name__)

CHANNELS = ("emg_jobs", "emg_flow_runs", "emg_decisions")
SLOWEST_POLL_SECONDS = 5
NO_SERVICE_SECONDS = 60
DATABASE_AWAY_SECONDS = 3


class NoService(RuntimeError):
    """Nothing will ever change: the background service is not running."""


def poll(final: Callable[[], bool], *, seconds: float | None = None, needs_duty: str | None = None) -> bool:
    """Look at the rows every 1 to 5 s, and at once when something is said to have changed.

    A database that is away is waited for, and only then the time begins again.

    :param needs_duty: give up if this duty has not turned for a minute
    :raises NoService: ``needs_duty`` does not turn
    """
    while True:
        try:
            with connection.wrap_database_errors, closing(open_wire(CHANNELS)) as wire:
                return _poll(final, wire, seconds=seconds, needs_duty=needs_duty)
        except (OperationalError, InterfaceError) as error:
            logger.warning("the database is away, asking again: %s", error)
            connection.close()
            time.sleep(DATABASE_AWAY_SECONDS)


def _poll(final: Callable[[], bool], wire: Wire, *, seconds: float | None, needs_duty: str | None) -> bool:
    began, pause = time.monotonic(), 1.0
    while not final():
        waited = time.monotonic() - began
        if seconds is not None and waited >= seconds:
            return False
        if needs_duty and waited > NO_SERVICE_SECONDS:
            _demand_service(needs_duty)
        select.select([wire], [], [], pause if seconds is None else min(pause, seconds - waited))
        wire.poll()
        wire.notifies.clear()
        pause = min(pause + 1, SLOWEST_POLL_SECONDS)
    return True


def _demand_service(duty: str) -> None:
    minute_ago = Now() - timedelta(seconds=NO_SERVICE_SECONDS)
    if not Duty.objects.filter(Q(started_at__gt=minute_ago) | Q(finished_at__gt=minute_ago), name=duty).exists():
        raise NoService(f"no turn of the duty {duty!r} for a minute: start `manage.py reconcile`")
