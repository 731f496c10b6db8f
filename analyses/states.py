"""The states of an analysis, the moves between them, and the one door they go through (``spec/catalogue.md`` §6).

The database holds the same rules: ``allowed_move`` is loaded from :data:`MOVES`, and a commit is refused where the
last event of an analysis does not tell its state.
"""

import json
from collections.abc import Collection, Iterable
from typing import Any, Required, TypedDict, Unpack
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from analyses.models import Analysis, AnalysisState
from analyses.preconditions import PreconditionFailed, faults_of_move, publication_faults

S = AnalysisState

MOVES: dict[AnalysisState, frozenset[AnalysisState]] = {
    S.PLANNED: frozenset({S.RUNNING, S.COMPLETED, S.BLOCKED}),  # completed: a tree made elsewhere is taken over
    S.BLOCKED: frozenset({S.PLANNED}),
    S.RUNNING: frozenset({S.COMPLETED, S.QC_FAILED, S.FAILED, S.PLANNED}),  # planned: the job proved never to have run
    S.COMPLETED: frozenset({S.IMPORTED, S.CHECK_FAILED, S.FAILED}),
    S.QC_FAILED: frozenset({S.PLANNED, S.BLOCKED}),
    S.FAILED: frozenset({S.PLANNED, S.BLOCKED}),
    S.CHECK_FAILED: frozenset({S.IMPORTED, S.PLANNED, S.BLOCKED}),
    S.IMPORTED: frozenset({S.PUBLISHED, S.CHECK_FAILED, S.PLANNED}),
    S.PUBLISHED: frozenset({S.PLANNED, S.PUBLISHED}),  # planned: a curator resets; published: renewed in one piece
}

# One statement: no row without its event, no event without its row. Locks are taken in order of id.
MOVE_SQL = """
WITH found AS (
  SELECT id, state FROM analyses_analysis WHERE id = ANY (%(ids)s) AND state = ANY (%(frm)s)
  ORDER BY id FOR NO KEY UPDATE
), moved AS (
  UPDATE analyses_analysis a SET state = %(to)s FROM found WHERE a.id = found.id RETURNING a.id, found.state AS frm
)
INSERT INTO analyses_analysisevent
  (analysis_id, from_state, to_state, reason_code, note, actor, flow_run_id, cluster_job_id, evidence)
SELECT id, frm, %(to)s, %(reason_code)s, %(note)s, %(actor)s, %(flow_run_id)s::uuid, %(cluster_job_id)s::uuid,
       %(evidence)s::jsonb
FROM moved ORDER BY id RETURNING analysis_id
"""


class IllegalMove(Exception):
    """No such move in :data:`MOVES`."""

    def __init__(self, frm: str, to: str) -> None:
        self.frm, self.to = frm, to
        super().__init__(f"an analysis cannot move from {frm} to {to}")


class LostRace(Exception):
    """Somebody else moved the analysis first; nothing was changed."""

    def __init__(self, expected: str, found: str) -> None:
        self.expected, self.found = expected, found
        super().__init__(f"expected the analysis in {expected}, found it in {found}")


class Told(TypedDict, total=False):
    """What the event of a move keeps: who, when and why.

    ``actor`` is stored as text, e.g. an ``Actor`` or ``"user:anna"``; ``evidence``: any facts worth keeping, a move to
    published must say ``required_sources`` here.
    """

    actor: Required[object]
    reason_code: str | None
    note: str
    evidence: dict | None
    flow_run_id: UUID | str | None
    cluster_job_id: UUID | str | None


def move_analysis(*, analysis_id: int, to: str, **told: Unpack[Told]) -> Analysis:
    """Move one analysis and write its event.

    :raises Analysis.DoesNotExist: no such analysis
    :raises IllegalMove: the table of moves has no such move
    :raises PreconditionFailed: all that is missing
    :raises LostRace: the state changed between look and move
    """
    with transaction.atomic():
        analysis = Analysis.objects.select_related("study").get(pk=analysis_id)
        frm = analysis.state
        _check_moves([frm], to)
        failures = faults_of_move(to, told.get("reason_code"), told.get("cluster_job_id"))
        if to == S.PUBLISHED:
            failures += publication_faults(analysis, (told.get("evidence") or {}).get("required_sources"))
        if failures:
            raise PreconditionFailed(failures)
        moved = _write([analysis_id], [frm], to, told)
        analysis.refresh_from_db()
        if not moved:
            raise LostRace(frm, analysis.state)
        return analysis


def move_analyses(*, ids: Iterable[int], frm: str | Collection[str], to: str, **told: Unpack[Told]) -> list[int]:
    """Move those of a set that are in ``frm``, in one statement; the others stay as they are.

    Publishing is not for sets: what it asks is asked of each analysis.

    :param frm: one state or several
    :returns: the ids that moved, ascending
    :raises IllegalMove: one of the moves is not in the table; nothing moved
    :raises PreconditionFailed: what the move needs; nothing moved
    """
    states = [frm] if isinstance(frm, str) else list(frm)
    _check_moves(states, to)
    failures = faults_of_move(to, told.get("reason_code"), told.get("cluster_job_id"))
    if to == S.PUBLISHED:
        failures.append("analyses are published one by one")
    if failures:
        raise PreconditionFailed(failures)
    return _write(list(ids), states, to, told)


def load_allowed_moves(using: BaseDatabaseWrapper) -> None:
    """Bring ``allowed_move`` to :data:`MOVES`; a migration calls it after each change of the dict."""
    rows = [("analysis", frm.value, to.value) for frm, targets in MOVES.items() for to in targets]
    with using.cursor() as cursor:
        cursor.execute("DELETE FROM allowed_move WHERE noun = 'analysis'")
        cursor.executemany("INSERT INTO allowed_move VALUES (%s, %s, %s)", rows)


def _check_moves(states: Iterable[str], to: str) -> None:
    for frm in states:
        if to not in MOVES[S(frm)]:
            raise IllegalMove(frm, to)


def _write(ids: list[int], frm: list[str], to: str, told: Told) -> list[int]:
    values: dict[str, Any] = {key: value and str(value) for key, value in told.items()}
    values = dict.fromkeys(Told.__annotations__) | {"note": ""} | values
    values["evidence"] = json.dumps(told.get("evidence") or {}, default=str)
    values |= {"to": str(to), "ids": ids, "frm": [str(state) for state in frm]}
    with connection.cursor() as cursor:
        cursor.execute(MOVE_SQL, values)
        return sorted(row[0] for row in cursor.fetchall())
