"""What needs a person is opened and cleared here; both are safe to repeat (``spec/cluster-jobs.md`` §1.6)."""

from django.db.models.functions import Now

from analyses.models import Study
from workflows.models import Attention


def raise_attention(*, code: str, subject_kind: str, subject_id: object, text: str, study: Study | None = None) -> None:
    """Open it, or have the one that is open say the newest reason; nothing is written where it says so already."""
    open_one = {"code": code, "subject_kind": subject_kind, "subject_id": str(subject_id), "cleared_at": None}
    row, created = Attention.objects.get_or_create(**open_one, defaults={"text": text, "study": study})
    if not created and row.text != text:
        Attention.objects.filter(pk=row.pk).update(text=text)


def clear_attention(*, subject_kind: str, subject_id: object, code: str | None = None) -> None:
    """Close what is open on that subject: that one, or all."""
    open_ones = Attention.objects.filter(subject_kind=subject_kind, subject_id=str(subject_id), cleared_at=None)
    (open_ones.filter(code=code) if code else open_ones).update(cleared_at=Now())


def dismiss_attention(*, attention: Attention, actor: str, because: str) -> bool:
    """Let a person say that it is done, where nothing else can tell. If its cause is still there it comes back.

    :return: whether it was open
    """
    done = {"cleared_at": Now(), "cleared_by": actor, "cleared_because": because}
    return bool(Attention.objects.filter(pk=attention.pk, cleared_at=None).update(**done))
