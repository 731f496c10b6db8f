"""The invariants of every room, asked of the database and one listing of each scheduler (``spec/cluster-jobs.md`` §8).

A room adds its own by a file ``doctor.sql`` anywhere inside its app: queries that end with ``;`` and give one text a
breach, each headed by ``-- <code>: <what must hold>``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction

from workflows.cluster import identity
from workflows.cluster.backends import get_backend
from workflows.cluster.backends.base import Backend
from workflows.cluster.classify import FINAL_WORDS, base_word
from workflows.cluster.job_files import our_directories
from workflows.cluster.leaks import find_leaks
from workflows.models import ClusterJobAttempt
from workflows.models.attempt import KNOWN_TO_THE_SCHEDULER

HEADING = re.compile(r"^-- ([A-Z]+\d+): (.+)$", re.MULTILINE)
STAGE = """
    CREATE TEMPORARY TABLE scheduler_job
    (backend text, job_id text, token text, name text, ended boolean, ended_at timestamptz) ON COMMIT DROP;
    CREATE TEMPORARY TABLE job_directory (token text PRIMARY KEY, is_there boolean) ON COMMIT DROP
"""
INSERT_DIRECTORIES = "INSERT INTO job_directory SELECT unnest(%s::text[]), %s"
INSERT = "INSERT INTO scheduler_job VALUES (%s, %s, %s, %s, %s, to_timestamp(%s))"


@dataclass(frozen=True)
class Breach:
    code: str
    title: str
    text: str


def examine() -> list[Breach]:
    """Look once; an empty list is health. Changes nothing.

    :raises BackendUnavailable: a scheduler does not answer, so that nothing can be said of its jobs
    """
    # Rows first: whatever they say is submitted has a directory by then.
    wanted = {*ClusterJobAttempt.objects.filter(state__in=KNOWN_TO_THE_SCHEDULER).values_list("token", flat=True)}
    there = our_directories()
    seen = [row for backend in _backends_in_use() for row in _listing(backend)]
    breaches = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(STAGE)
        cursor.executemany(INSERT, seen)
        cursor.execute(INSERT_DIRECTORIES, [there, True])
        cursor.execute(INSERT_DIRECTORIES, [list(wanted.difference(there)), False])
        for code, title, query in invariants():
            cursor.execute(query)
            breaches += [Breach(code, title, text) for (text,) in cursor.fetchall()]
        cursor.execute("DROP TABLE scheduler_job, job_directory")
    return breaches + [Breach("D12", "no known secret in rows or log tails", where) for where in find_leaks()]


def invariants() -> Iterator[tuple[str, str, str]]:
    """Code, title and query from all ``doctor.sql`` of our own apps, each room's in its order."""
    rooms = [Path(app.path) for app in apps.get_app_configs()]
    for room in rooms:
        if room.is_relative_to(settings.BASE_DIR) and ".venv" not in room.parts:
            for file in sorted(room.rglob("doctor.sql")):
                _, *parts = HEADING.split(file.read_text())
                yield from zip(parts[::3], parts[1::3], parts[2::3], strict=True)


def _backends_in_use() -> list[Backend]:
    """Those that may hold a job of ours: of live rows, and the one new jobs go to."""
    live = ClusterJobAttempt.objects.filter(state__in=KNOWN_TO_THE_SCHEDULER)
    names = {identity.backend_of_new_jobs(), *live.values_list("job__backend", flat=True)}
    return [get_backend(name) for name in sorted(names)]


def _listing(backend: Backend) -> list[tuple]:
    """One row a scheduler job. When a job ended only accounting knows; it is asked where that matters."""
    ours = identity.installation()
    rows = {
        sighting.job_id: (token, sighting.name, base_word(sighting.word) in FINAL_WORDS)
        for sighting in backend.observe()
        if (token := identity.our_token(sighting.name, ours))
    }
    live = ClusterJobAttempt.objects.filter(state__in=KNOWN_TO_THE_SCHEDULER, job__backend=backend.name)
    running = {job_id for job_id, (_, _, ended) in rows.items() if not ended}
    known = live.exclude(backend_job_id=None).values_list("backend_job_id", flat=True)
    doubtful = [job_id for job_id in known if job_id and job_id not in running]
    ended_at = {}
    for record in backend.account(doubtful) if doubtful else []:
        token = identity.our_token(record.name, ours)
        if token and base_word(record.word) in FINAL_WORDS:
            ended_at[record.job_id] = record.ended_at
            rows.setdefault(record.job_id, (token, record.name, True))
    return [(backend.name, job_id, *row, ended_at.get(job_id)) for job_id, row in rows.items()]
