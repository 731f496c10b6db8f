"""The duties of the one background service, ``manage.py reconcile``: ``spec/cluster-jobs.md`` §4.1.

A duty is a function that looks at the database, does what is due and tells whether it changed something. It is named
by dotted path, so that the service alone imports it. Two callers at once must be harmless to it: the leader's lock
saves calls, safety comes from compare-and-set.
"""

import contextlib
import logging
import os
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import psycopg2
from django.db import close_old_connections, connection
from psycopg2.extensions import connection as Wire  # noqa: N812 - a class, whatever its library calls it

logger = logging.getLogger(__name__)
IMPORTING = threading.Lock()  # two threads that import one big package at once deadlock on its modules

STANDBY_SECONDS = 5  # between two tries of one that stands by
SOON_SECONDS = 3  # until the next turn after one that changed something
GATHER_SECONDS = 0.1  # notices that come together start one turn
MAX_BACKOFF_SECONDS = 60
HANGING_SECONDS = 600

# A gap of more than a minute, or an error, and the duty is no longer unbroken since then.
BEGIN = """
    INSERT INTO workflows_duty AS duty (name, holder, started_at, failures, error, state)
    VALUES (%s, %s, clock_timestamp(), 0, '', '{}')
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, started_at = excluded.started_at,
        ok_since = CASE WHEN duty.finished_at > clock_timestamp() - interval '60 s' THEN duty.ok_since END
"""
END_WELL = """
    UPDATE workflows_duty SET finished_at = clock_timestamp(), failures = 0, error = '',
        ok_since = coalesce(ok_since, clock_timestamp()) WHERE name = %s
"""
END_BADLY = """
    UPDATE workflows_duty SET finished_at = clock_timestamp(), failures = failures + 1, ok_since = NULL, error = %s
    WHERE name = %s
"""


@dataclass(frozen=True)
class DutySpec:
    name: str
    target: str
    every_seconds: float
    channels: tuple[str, ...] = ()


REGISTRY: dict[str, DutySpec] = {}


def register_duty(name: str, target: str, every_seconds: float, *channels: str) -> None:
    """Add a loop to the service, done by one process at a time; called in an app's ``ready()``.

    :param target: ``module:function``, imported by the service alone
    :param every_seconds: from the end of a turn to the next, if nothing happens
    :param channels: of Postgres, whose notices start a turn at once
    """
    REGISTRY[name] = DutySpec(name, target, every_seconds, channels)


class Service:
    """One thread a duty. ``turns`` holds when each running turn last showed life."""

    def __init__(self, duties: list[DutySpec]) -> None:
        self.duties = duties
        self.turns: dict[str, float] = {}
        self.stopped = False
        self._ear, self._mouth = os.pipe()  # no Event: its lock is not safe in a signal handler

    def start(self) -> list[threading.Thread]:
        threads = [
            threading.Thread(target=self._serve, args=[duty], name=duty.name, daemon=True) for duty in self.duties
        ]
        for thread in threads:
            thread.start()
        return threads

    def stop(self) -> None:
        """Bid every thread end after its turn. May be called in a signal handler, and twice."""
        if not self.stopped:
            self.stopped = True
            os.close(self._mouth)  # its other end is readable from now on: all waiting is over

    def sleep(self, seconds: float) -> None:
        """Until the time is over or the service stops."""
        select.select([self._ear], [], [], seconds)

    def hanging(self) -> list[str]:
        now = time.monotonic()
        return [name for name, since in self.turns.copy().items() if now - since > HANGING_SECONDS]

    def _serve(self, duty: DutySpec) -> None:
        """One duty until the service stops: whatever goes wrong in here stays in here."""
        failures = 0
        while not self.stopped:
            try:
                with contextlib.closing(open_wire(duty.channels)) as wire:
                    while not self.stopped:
                        if not take_lead(wire, duty.name):
                            self._wait(wire, STANDBY_SECONDS, wakeable=False)
                            continue
                        changed = self.do_turn(duty)
                        failures = failures + 1 if changed is None else 0
                        self._wait(wire, pause_seconds(duty, changed, failures), wakeable=not failures)
            except Exception as error:  # noqa: BLE001 - a thread that dies would be a duty nobody does, unseen
                failures += 1
                logger.warning("duty %s: %s: %s", duty.name, type(error).__name__, str(error).strip())
                self.sleep(pause_seconds(duty, None, failures))
        connection.close()

    def do_turn(self, duty: DutySpec) -> bool | None:
        """Do it once. Whether it changed something; None if it failed, which its row and the log tell."""
        self.turns[duty.name] = time.monotonic()
        try:
            close_old_connections()
            write_row(BEGIN, duty.name, f"{socket.gethostname()}:{os.getpid()}")
            changed = bool(_load(duty.target)())
            write_row(END_WELL, duty.name)
        except Exception as error:  # isolation is the promise: not even a failing import may end the other duties
            logger.exception("duty %s failed", duty.name)
            with contextlib.suppress(Exception):  # the database itself may be what failed
                close_old_connections()
                write_row(END_BADLY, f"{type(error).__name__}: {error}"[:2000], duty.name)
            return None
        else:
            return changed
        finally:
            self.turns.pop(duty.name, None)

    def _wait(self, wire: Wire, seconds: float, *, wakeable: bool) -> None:
        """Sleep until the time is over, a notice comes or the service stops. :raises psycopg2.Error: connection lost"""
        deadline = time.monotonic() + seconds
        while not self.stopped and (left := deadline - time.monotonic()) > 0:
            heard, _, _ = select.select([wire, self._ear] if wakeable else [self._ear], [], [], left)
            if wire in heard:
                self.sleep(GATHER_SECONDS)
                wire.poll()
                if wire.notifies:
                    break
        wire.poll()
        wire.notifies.clear()


def pause_seconds(duty: DutySpec, changed: bool | None, failures: int) -> float:
    """Until the next turn: soon after a change, later and later after failures."""
    if failures:
        return min(MAX_BACKOFF_SECONDS, 2.0 ** min(failures, 6))
    return min(duty.every_seconds, SOON_SECONDS) if changed else duty.every_seconds


def open_wire(channels: tuple[str, ...]) -> Wire:
    """A direct connection: it holds the leader's lock and hears notices, both of which a pooler would break.

    :raises psycopg2.Error: the database is away
    """
    wire = psycopg2.connect(**connection.get_connection_params())
    wire.autocommit = True
    with wire.cursor() as cursor:
        for channel in channels:
            cursor.execute(f'LISTEN "{channel}"')
    return wire


def take_lead(wire: Wire, name: str) -> bool:
    """Whether this connection is the leader of the duty, now or since before; its end ends the lead."""
    with wire.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            " UNION ALL SELECT 1 WHERE pg_try_advisory_lock(hashtextextended(%s, 0)) LIMIT 1",
            [f"duty:{name}"],
        )
        return cursor.fetchone() is not None


def write_row(statement: str, *values: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _load(target: str) -> Callable[[], object]:
    module, _, function = target.partition(":")
    with IMPORTING:
        return getattr(import_module(module), function)
