"""Makes room: work directories of batches that are over (``spec/pipelines.md`` §4.12)."""

import hashlib
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from prefect.states import State
from pydantic import BaseModel

from workflows.prefect_utils.ask import ask_a_person
from workflows.prefect_utils.django_flow import actor, completed_with_failures, django_flow, once, publish_artifact
from workflows.prefect_utils.slurm_flow import run_cluster_job
from workflows.prefect_utils.slurm_policies import ResubmitAlwaysPolicy

from workflows.batches.cleaning import Listing, discard, list_workdirs
from workflows.services.attention import have_just

NOT_DELETED = "workdir_not_deleted"
LONGEST = timedelta(hours=12)


class ConfirmDeletionInput(BaseModel):
    confirm_deletion: bool


@django_flow(flow_run_name="Clean old Nextflow workdirs")
def clean_old_nextflow_workdirs(
    path: str | None = None,
    min_age_days: int | None = None,
    max_candidates: int = 10_000,
    ignore_patterns: list[str] | None = None,
    skip_confirmation: bool = False,
) -> State | None:
    """List what may go, ask, and delete it in a job.

    :raises PathRefused: not below the root of work directories
    """
    days = settings.EMG_CONFIG.batches.keep_workdir_days if min_age_days is None else min_age_days
    closed_before = timezone.now() - timedelta(days=days)

    def discard_what_may_go() -> None:
        listing = list_workdirs(
            path=path, closed_before=closed_before, ignore=ignore_patterns or [], most=max_candidates
        )
        page = page_of(listing, days)
        publish_artifact("old-nextflow-workdirs", page)
        if listing.candidates and (skip_confirmation or is_confirmed(listing, page)):
            for one in listing.candidates:
                discard(batch_id=one.batch.pk, folder=one.folder, closed_before=closed_before, actor=actor())

    once("discarded", discard_what_may_go)
    return delete(list_workdirs(path=path, closed_before=closed_before, most=0).trash)


def is_confirmed(listing: Listing, page: str) -> bool:
    """A person's answer, which is good for the list that was shown and no other."""
    shown = "\n".join(str(one.folder) for one in listing.candidates)
    subject = hashlib.sha256(shown.encode()).hexdigest()[:16]
    answer = ask_a_person(
        question="confirm_deletion", subject=subject, form=ConfirmDeletionInput, why=page, ask_again=True
    )
    return answer.confirm_deletion


def delete(trash: list[Path]) -> State | None:
    """Delete in a job; nothing is followed out of a folder or onto another disk."""
    if not trash:
        return None
    run_cluster_job(
        name="delete work directories",
        command=["rm", "-rf", "--one-file-system", "--", *map(str, trash)],
        expected_time=LONGEST,
        memory="512M",
        working_dir=settings.EMG_CONFIG.slurm.default_nextflow_workdir,
        partition=settings.EMG_CONFIG.slurm.datamover_partition,
        resubmit_policy=ResubmitAlwaysPolicy,
        on_failure="return",
        key="delete",
    )
    left = [folder for folder in trash if folder.exists()]
    told = {folder.name: (f"{folder} could not be deleted; the next cleaning tries again", None) for folder in left}
    have_just(code=NOT_DELETED, subject_kind="folder", standing=told)
    return completed_with_failures(f"{len(left)} of {len(trash)} folders are left") if left else None


def page_of(listing: Listing, days: int) -> str:
    """What would go with its size, what stays with its reason, what is not ours."""
    total = sum(one.bytes for one in listing.candidates)
    rows = [
        f"| {one.folder} | {one.batch.study} | {filesizeformat(one.bytes)} | {one.batch.closed_at:%Y-%m-%d} |"
        for one in listing.candidates
    ]
    kept = [f"- {folder}: {why}" for folder, why in listing.kept.items()]
    return "\n".join(
        [
            f"{len(rows)} work directories of batches closed more than {days} days ago: {filesizeformat(total)}",
            "",
            *(["| folder | study | size | closed |", "|---|---|---|---|", *rows, ""] if rows else []),
            *([f"{len(listing.trash)} are renamed already and only wait to be deleted.", ""] if listing.trash else []),
            *(["Kept:", *kept, ""] if kept else []),
            *(["Not ours, never touched:", *(f"- {folder}" for folder in listing.foreign)] if listing.foreign else []),
        ]
    )
