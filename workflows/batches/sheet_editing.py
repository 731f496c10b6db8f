"""A person's changes to the sheet of a round that has not begun (``spec/pipelines.md`` §4.5).

What is changed is kept with the member, cell by cell: the file is written when the round starts, from the same rows as
ever, and a killed start writes it again.
"""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from workflows.batches.members import as_sheet_members
from workflows.batches.rounds import UNFINISHED
from workflows.cluster.states import record_event, transition
from workflows.models import Batch, BatchMember
from workflows.models.batch import SUBJECTS
from workflows.pipelines import registry
from workflows.pipelines.declaration import Declared
from workflows.pipelines.sheets import SheetRefused, render_sheet

Cells = dict[str, str]
LOCAL = re.compile(r"(?:file:(?://)?)?(/.*)", re.DOTALL)


class NotEditable(Exception):
    """The round runs, or the batch is over."""


def editable_members(batch: Batch) -> QuerySet[BatchMember]:
    """Those whose line can still be changed: they wait for a round."""
    under_way = batch.state != Batch.State.OPEN or (batch.job is not None and not batch.job.is_final)
    due = Q(rounds=0) | Q(reason_code=UNFINISHED)
    waiting = batch.members.none() if under_way else batch.members.filter(due, open=True, verdict=None)
    return waiting.select_related("run__sample__ena_sample", "product_assembly__assembler", *SUBJECTS)


def sheet_of(batch: Batch, members: Iterable[BatchMember] | None = None) -> str:
    """The sheet as the next round would write it for all who wait.

    :param members: those, if they are at hand
    :raises SheetRefused: it cannot be written as it is
    """
    waiting = editable_members(batch) if members is None else members
    return render_sheet(registry.get(batch.slug), as_sheet_members(batch, waiting), settings.EMG_CONFIG)


@transaction.atomic
def edit_sheet(*, batch_id: UUID, text: str, actor: str) -> int:
    """Take each cell that differs from what the rows say; one that is as they say is no change any more.

    :param text: the whole sheet, its header and lines in any order
    :return: the number of members whose line is another now
    :raises NotEditable: nothing was changed
    :raises SheetRefused: all faults of all lines; nothing was changed
    """
    batch = Batch.objects.select_for_update(of=("self",)).select_related("study", "job").get(pk=batch_id)
    changed = 0
    for member, edits in checked_edits(batch, text):
        if member.edits != edits:
            detail = {"member": member.accession, "before": member.edits, "after": edits}
            batch.members.filter(pk=member.pk).update(edits=edits)
            record_event(row=batch, actor=actor, kind="sheet_edited", detail=detail)
            changed += 1
    return changed


def checked_edits(batch: Batch, text: str) -> list[tuple[BatchMember, Cells]]:
    """What a sheet would change of each member's line. :raises NotEditable, SheetRefused: as above"""
    members = {member.accession: member for member in editable_members(batch)}
    if not members:
        raise NotEditable(f"{batch}: nobody in it waits for a round")
    declared, config = registry.get(batch.slug), settings.EMG_CONFIG
    key = next(column.name for column in declared.columns if column.unique)
    lines = as_sheet_members(batch, list(members.values()))
    told = _by_key(render_sheet(declared, [replace(line, edits={}) for line in lines], config), key)
    wanted = _by_key(text, key)
    if faults := [*_faults_of_shape(told, wanted)]:
        raise SheetRefused(faults)
    edits = {name: _differing(told[name], wanted[name]) for name in told}
    _refuse_paths(declared, edits)
    render_sheet(declared, [replace(line, edits=edits[line.accession]) for line in lines], config)
    return [(member, edits[name]) for name, member in members.items()]


@transaction.atomic
def cancel_unstarted(batches: Iterable[Batch], *, actor: str) -> None:
    """Give up batches that have not begun; their members can be planned again."""
    ids = [batch.pk for batch in batches]
    for batch in Batch.objects.select_for_update().filter(pk__in=ids, state=Batch.State.OPEN, round=0).order_by("pk"):
        transition(row=batch, to=Batch.State.CANCELLED, actor=actor, kind="sheets_refused", closed_at=Now())
        batch.members.update(open=False)


def _refuse_paths(declared: Declared, edits: dict[str, Cells]) -> None:
    """A person may name no file of the cluster but below the folders that the site allows. :raises SheetRefused:"""
    files = {column.name for column in declared.columns if column.type in ("reads", "path")}
    config = settings.EMG_CONFIG
    allowed = config.batches.samplesheet_editing_allowed_inside or [config.slurm.default_workdir]
    local = [
        (name, column, found[1])
        for name, cells in edits.items()
        for column, value in cells.items()
        if column in files and (found := LOCAL.fullmatch(value))
    ]
    faults = [
        f"{name}: {column} is {path!r}, expected a file inside {' or '.join(map(str, allowed))}"
        for name, column, path in local
        if not any(map(Path(path).is_relative_to, allowed))
    ]
    if faults:
        raise SheetRefused(faults)


def _by_key(text: str, key: str) -> dict[str, Cells]:
    """Lines of a sheet by the subject's accession. :raises SheetRefused: it is no sheet"""
    faults, lines = [], {}
    try:
        read = list(csv.DictReader(io.StringIO(text), strict=True))
    except csv.Error as error:
        raise SheetRefused([f"it is no CSV: {error}"]) from error
    for number, line in enumerate(read, start=2):
        if None in line or None in line.values():
            faults.append(f"line {number}: it has other cells than the header")
        elif not (name := line.get(key)) or name in lines:
            faults.append(f"line {number}: {key} is {name!r}, expected each accession of the batch once")
        else:
            lines[name] = dict(line)
    if faults:
        raise SheetRefused(faults)
    return lines


def _faults_of_shape(told: dict[str, Cells], wanted: dict[str, Cells]) -> Iterable[str]:
    yield from (f"{name}: its line is missing" for name in sorted(set(told) - set(wanted)))
    yield from (f"{name}: it is not in this batch" for name in sorted(set(wanted) - set(told)))
    columns = list(next(iter(told.values())))
    if any(list(line) != columns for line in wanted.values()):
        yield f"the header is not {','.join(columns)}"


def _differing(told: Cells, wanted: Cells) -> Cells:
    return {column: value for column, value in wanted.items() if value != told[column]}
