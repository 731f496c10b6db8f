"""What needs a person is opened and cleared here; both are safe to repeat (``spec/cluster-jobs.md`` §1.6).

The team is told of both (``workflows/notices.py``), unless it is over before it was told.
"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from analyses.models import Study
from workflows.models import Attention, ClusterJob, Notice
from workflows.services.notices import queue_notice, withdraw_notice
from workflows.services.program_events import tell_programs_of_attention

K = Notice.Kind


@transaction.atomic
def raise_attention(*, code: str, subject_kind: str, subject_id: object, text: str, study: Study | None = None) -> None:
    """Open it, or have the one that is open say the newest reason; nothing is written where it says so already."""
    open_one = {"code": code, "subject_kind": subject_kind, "subject_id": str(subject_id), "cleared_at": None}
    about = {"text": text, "study": lambda: study or _study_of(subject_kind, subject_id)}
    row, created = Attention.objects.get_or_create(**open_one, defaults=about)
    if created:
        _tell(row, K.NEEDS_ATTENTION, text)
        tell_programs_of_attention(attention=row)
    elif row.text != text:
        Attention.objects.filter(pk=row.pk).update(text=text)


@transaction.atomic
def clear_attention(*, subject_kind: str, subject_id: object, code: str | None = None) -> None:
    """Close what is open on that subject: that one, or all."""
    open_ones = Attention.objects.filter(subject_kind=subject_kind, subject_id=str(subject_id), cleared_at=None)
    for row in (open_ones.filter(code=code) if code else open_ones).select_related("study"):
        _clear(row, row.text)


def have_just(*, code: str, subject_kind: str, standing: Mapping[Any, tuple[str, Study | None]]) -> None:
    """What a look found is open, by subject with its text and study; what it did not find any more is cleared."""
    for subject_id, (text, study) in standing.items():
        raise_attention(code=code, subject_kind=subject_kind, subject_id=subject_id, text=text, study=study)
    over = Attention.objects.filter(code=code, subject_kind=subject_kind, cleared_at=None)
    for subject in over.exclude(subject_id__in=map(str, standing)).values_list("subject_id", flat=True):
        clear_attention(code=code, subject_kind=subject_kind, subject_id=subject)


@transaction.atomic
def dismiss_attention(*, attention: Attention, actor: str, because: str) -> bool:
    """Let a person say that it is done, where nothing else can tell. If its cause is still there it comes back.

    :return: whether it was open
    """
    return _clear(attention, f"{actor}: {because}", cleared_by=actor, cleared_because=because)


def _clear(row: Attention, why: str, **by: str) -> bool:
    if not Attention.objects.filter(pk=row.pk, cleared_at=None).update(cleared_at=Now(), **by):
        return False
    if not withdraw_notice(key=f"attention:{row.pk}:{K.NEEDS_ATTENTION}"):
        _tell(row, K.RECOVERED, why)
    return True


def _tell(row: Attention, kind: Notice.Kind, text: str) -> None:
    queue_notice(
        key=f"attention:{row.pk}:{kind}",
        kind=kind,
        heading=row.code.replace("_", " "),
        text=text,
        page=f"workflows/attention/{row.pk}",
        study=row.study,
    )


def _study_of(subject_kind: str, subject_id: object) -> Study | None:
    job = (
        ClusterJob.objects.filter(pk=str(subject_id)).select_related("study").first() if subject_kind == "job" else None
    )
    return job.study if job else None
