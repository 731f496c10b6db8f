"""What needs a person is opened and cleared here; both are safe to repeat (``spec/cluster-jobs.md`` §1.6)."""

from django.db.models.functions import Now

from analyses.models import Study
from workflows.models import Attention


def raise_attention(*, code: str, subject_kind: str, subject_id: object, text: str, study: Study | None = None) -> bool:
    """Open it unless it is open.

    :return: whether it is new
    """
    _, is_new = Attention.objects.get_or_create(
        code=code,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        cleared_at=None,
        defaults={"text": text, "study": study},
    )
    return is_new


def clear_attention(*, code: str, subject_kind: str, subject_id: object) -> bool:
    """Close it if it is open.

    :return: whether it was
    """
    open_ones = Attention.objects.filter(
        code=code, subject_kind=subject_kind, subject_id=str(subject_id), cleared_at__isnull=True
    )
    return bool(open_ones.update(cleared_at=Now()))
