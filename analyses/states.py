"""The states of analyses and assemblies, the moves between them, the one door they go through (``catalogue.md`` §6).

The database holds the same rules: ``allowed_move`` is loaded from :data:`MOVES_OF`, and a commit is refused where the
last event of a row does not tell its state.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Required, TypedDict, Unpack
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from analyses.models import Analysis, AnalysisState, Assembly, AssemblyState
from analyses.preconditions import PreconditionFailed, assembly_faults, faults_of_move, publication_faults

S, A = AnalysisState, AssemblyState

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

ASSEMBLY_MOVES: dict[AssemblyState, frozenset[AssemblyState]] = {
    A.EXTERNAL: frozenset(),
    # completed: as of an analysis
    A.PLANNED: frozenset({A.RUNNING, A.COMPLETED, A.BLOCKED, A.METADATA_REJECTED, A.DATA_REJECTED}),
    A.BLOCKED: frozenset({A.PLANNED}),
    A.METADATA_REJECTED: frozenset({A.PLANNED, A.BLOCKED}),
    A.DATA_REJECTED: frozenset({A.PLANNED, A.BLOCKED}),
    A.RUNNING: frozenset({A.COMPLETED, A.PRE_QC_FAILED, A.FAILED, A.PLANNED}),
    A.PRE_QC_FAILED: frozenset({A.PLANNED, A.BLOCKED}),
    A.FAILED: frozenset({A.PLANNED, A.BLOCKED}),
    A.COMPLETED: frozenset({A.UPLOADING, A.POST_QC_FAILED, A.UPLOAD_BLOCKED}),
    A.POST_QC_FAILED: frozenset({A.PLANNED, A.BLOCKED}),
    A.UPLOADING: frozenset({A.UPLOADED, A.UPLOAD_FAILED, A.POST_QC_FAILED, A.COMPLETED}),  # completed: nothing was sent
    A.UPLOAD_FAILED: frozenset({A.UPLOADING, A.UPLOAD_BLOCKED}),
    A.UPLOAD_BLOCKED: frozenset({A.COMPLETED}),
    A.UPLOADED: frozenset({A.COMPLETED}),  # a curator takes it back
}
MOVES_OF: Mapping[str, Mapping[Any, frozenset]] = {"analysis": MOVES, "assembly": ASSEMBLY_MOVES}

# One statement: no row without its event, no event without its row. Locks are taken in order of id.
MOVE_SQL = """
WITH found AS (
  SELECT id, state FROM analyses_{noun} WHERE id = ANY (%(ids)s) AND state = ANY (%(frm)s)
  ORDER BY id FOR NO KEY UPDATE
), moved AS (
  UPDATE analyses_{noun} a SET state = %(to)s FROM found WHERE a.id = found.id RETURNING a.id, found.state AS frm
)
INSERT INTO analyses_{noun}event
  ({noun}_id, from_state, to_state, reason_code, note, actor, flow_run_id, cluster_job_id, evidence)
SELECT id, frm, %(to)s, %(reason_code)s, %(note)s, %(actor)s, %(flow_run_id)s::uuid, %(cluster_job_id)s::uuid,
       %(evidence)s::jsonb
FROM moved ORDER BY id RETURNING {noun}_id
"""


class IllegalMove(Exception):
    """No such move in :data:`MOVES_OF`."""

    def __init__(self, frm: str, to: str) -> None:
        self.frm, self.to = frm, to
        super().__init__(f"there is no move from {frm} to {to}")


class LostRace(Exception):
    """Somebody else moved the row first; nothing was changed."""

    def __init__(self, expected: str, found: str) -> None:
        self.expected, self.found = expected, found
        super().__init__(f"expected it in {expected}, found it in {found}")


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
        analyses, faults = Analysis.objects.select_related("study"), []
        if to == S.PUBLISHED:  # what it asks of other rows must still hold when it moves
            analyses = analyses.select_for_update(of=("self",), no_key=True)
        analysis = analyses.get(pk=analysis_id)
        if to == S.PUBLISHED:
            faults = publication_faults(analysis, (told.get("evidence") or {}).get("required_sources"))
        _move_one(analysis, to, faults, told)
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
    _check_moves("analysis", states, to, ["analyses are published one by one"] if to == S.PUBLISHED else [], told)
    return _write("analysis", list(ids), states, to, told)


def move_assembly(*, assembly_id: int, to: str, **told: Unpack[Told]) -> Assembly:
    """Move one assembly and write its event.

    :raises Assembly.DoesNotExist, IllegalMove, PreconditionFailed, LostRace: as :func:`move_analysis`
    """
    with transaction.atomic():
        assembly = Assembly.objects.get(pk=assembly_id)
        _move_one(assembly, to, assembly_faults(assembly, to, told.get("reason_code")), told)
        return assembly


def move_assemblies(*, ids: Iterable[int], frm: str | Collection[str], to: str, **told: Unpack[Told]) -> list[int]:
    """Move those of a set that are in ``frm``, as :func:`move_analyses` does. Uploads are told one by one."""
    states = [frm] if isinstance(frm, str) else list(frm)
    alone = A.UPLOADED in {to, *states}
    _check_moves("assembly", states, to, ["uploaded assemblies are moved one by one"] if alone else [], told)
    return _write("assembly", list(ids), states, to, told)


def load_allowed_moves(using: BaseDatabaseWrapper) -> None:
    """Bring ``allowed_move`` to the tables here; a migration calls it after each change of them."""
    rows = [(noun, frm, to) for noun, moves in MOVES_OF.items() for frm, targets in moves.items() for to in targets]
    with using.cursor() as cursor:
        cursor.execute("DELETE FROM allowed_move WHERE noun = ANY (%s)", [list(MOVES_OF)])
        cursor.executemany("INSERT INTO allowed_move VALUES (%s, %s, %s)", rows)


def _move_one(row: Analysis | Assembly, to: str, faults: list[str], told: Told) -> None:
    noun, frm = str(row._meta.model_name), row.state
    _check_moves(noun, [frm], to, faults, told)
    moved = _write(noun, [row.pk], [frm], to, told)
    row.refresh_from_db()
    if not moved:
        raise LostRace(frm, row.state)


def _check_moves(noun: str, states: Iterable[str], to: str, faults: list[str], told: Told) -> None:
    for frm in states:
        if to not in MOVES_OF[noun][frm]:
            raise IllegalMove(frm, to)
    if failures := faults_of_move(to, told.get("reason_code"), told.get("cluster_job_id")) + faults:
        raise PreconditionFailed(failures)


def _write(noun: str, ids: list[int], frm: list[str], to: str, told: Told) -> list[int]:
    values: dict[str, Any] = {key: value and str(value) for key, value in told.items()}
    values = dict.fromkeys(Told.__annotations__) | {"note": ""} | values
    values["evidence"] = json.dumps(told.get("evidence") or {}, default=str)
    values |= {"to": str(to), "ids": ids, "frm": [str(state) for state in frm]}
    with connection.cursor() as cursor:
        cursor.execute(MOVE_SQL.format(noun=noun), values)
        return sorted(row[0] for row in cursor.fetchall())
