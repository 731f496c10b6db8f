"""Work directories that nobody needs any more (``spec/pipelines.md`` §4.12): ours alone, listed before they go.

A folder is removed in two steps. It is renamed under the lock of its batch, after the rule was looked at once more;
what has the new name is rubbish for good, whoever is killed, and is deleted by a job.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from analyses.models import AnalysisState, AssemblyState
from workflows.batches.places import OWNER_FILE
from workflows.cluster.failpoints import failpoint
from workflows.cluster.states import record_event
from workflows.models import Batch, BatchMember, ClusterJob

TRASH = ".trash-"
DEPTH = 3  # <study>/<pipeline>_<version>/<key>
Verdict = BatchMember.Verdict
NEEDS_NO_MORE = {
    "analysis__state": (AnalysisState.PUBLISHED, AnalysisState.QC_FAILED, AnalysisState.BLOCKED),
    "product_assembly__state": (AssemblyState.UPLOADED, AssemblyState.PRE_QC_FAILED, AssemblyState.BLOCKED),
}


@dataclass(frozen=True)
class Candidate:
    batch: Batch
    folder: Path
    bytes: int


@dataclass
class Listing:
    """``kept``: ours, with the reason; ``foreign``: not ours, never touched; ``trash``: renamed before."""

    candidates: list[Candidate] = field(default_factory=list)
    kept: dict[Path, str] = field(default_factory=dict)
    foreign: list[Path] = field(default_factory=list)
    trash: list[Path] = field(default_factory=list)


class PathRefused(ValueError):
    """A folder that is not below the root of Nextflow's work directories."""


def list_workdirs(
    *, path: str | None, closed_before: datetime, ignore: Sequence[str] = (), most: int = 10_000
) -> Listing:
    """
    :param path: below ``EMG_SLURM__DEFAULT_NEXTFLOW_WORKDIR``; None is all of it
    :param ignore: globs over whole paths
    :param most: so many candidates, the longest closed first
    :raises PathRefused: it is not there, or lies elsewhere
    """
    root = settings.EMG_CONFIG.slurm.default_nextflow_workdir.resolve()
    top = Path(path or root).resolve()
    if not (top.is_dir() and top.is_relative_to(root)):
        raise PathRefused(f"{top} is no folder below {root}")
    listing, found = Listing(), []
    for folder, owner in _folders(top, DEPTH - len(top.relative_to(root).parts)):
        batch = Batch.objects.select_related("study").filter(pk=owner).first() if owner else None
        if batch is None:
            listing.foreign.append(folder)
        elif folder.name.startswith(TRASH):
            listing.trash.append(folder)
        elif why := _why_kept(batch, folder, closed_before):
            listing.kept[folder] = why
        elif any(fnmatch(str(folder), pattern) for pattern in ignore):
            listing.kept[folder] = "ignored"
        else:
            found.append((batch, folder))
    found.sort(key=lambda pair: pair[0].closed_at or timezone.now())
    listing.candidates = [Candidate(batch, folder, _bytes_below(folder)) for batch, folder in found[:most]]
    return listing


@transaction.atomic
def discard(*, batch_id: UUID, folder: Path, closed_before: datetime, actor: str) -> bool:
    """Rename a batch's work directory, with its event; False if it may not go any more."""
    batch = Batch.objects.select_for_update().get(pk=batch_id)
    trash = folder.with_name(f"{TRASH}{batch.pk}")
    if _why_kept(batch, folder, closed_before) or trash.exists():
        return False
    record_event(row=batch, actor=actor, kind="workdir_removed", detail={"folder": str(folder)})
    folder.rename(trash)
    failpoint("workdir_renamed")
    return True


def _folders(top: Path, depth: int) -> Iterator[tuple[Path, UUID | None]]:
    """Every folder that has a batch's name, and whatever has none where one should have. No link is followed."""
    for entry in sorted(os.scandir(top), key=lambda one: one.name):
        path, is_folder = Path(entry.path), entry.is_dir(follow_symlinks=False)
        owner = _owner(path) if is_folder else None
        if owner or depth <= 1 or not is_folder:
            yield path, owner
        else:
            yield from _folders(path, depth - 1)


def _owner(folder: Path) -> UUID | None:
    """The batch whose work directory it is, or was: what is half deleted tells it by its name alone."""
    try:
        if folder.name.startswith(TRASH):
            return UUID(folder.name.removeprefix(TRASH))
        found = json.loads((folder / OWNER_FILE).read_text())
        return UUID(found["batch"]) if found["role"] == "work" else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _why_kept(batch: Batch, folder: Path, closed_before: datetime) -> str:
    """The rule of deletion; empty if it may go."""
    if os.path.realpath(batch.work_dir) != str(folder):
        return f"it names {batch}, which works in {batch.work_dir}"
    if batch.closed_at is None:
        return "its batch is open"
    if batch.closed_at > closed_before:
        return f"closed {batch.closed_at:%Y-%m-%d}"
    if ClusterJob.objects.filter(state=ClusterJob.State.OPEN, spec__nextflow__work_dir=batch.work_dir).exists():
        return "a job of it is not over"
    if waiting := [member.accession for member in _unsettled(batch)]:
        return f"not published yet: {', '.join(waiting[:5])}{' …' if len(waiting) > 5 else ''}"
    return ""


def _unsettled(batch: Batch) -> list[BatchMember]:
    """Members whose subject may still need what lies there."""
    members = batch.members.exclude(verdict=Verdict.SKIPPED)
    for state, settled in NEEDS_NO_MORE.items():
        members = members.exclude(**{f"{state}__in": settled})
    done = {"analysis": None, "product_assembly": None, "verdict__in": (Verdict.COMPLETED, Verdict.QC_FAILED)}
    return list(members.exclude(**done).select_related("run", "assembly", "sample"))


def _bytes_below(folder: Path) -> int:
    return sum(Path(base, name).lstat().st_size for base, _, names in os.walk(folder) for name in names)
