"""Super studies: what their pages say, and which studies they hold."""

import hashlib

from django.db import transaction
from django.db.models.functions import Now

from analyses.logos import checked_logo
from analyses.models import Study, SuperStudy, SuperStudyStudy


@transaction.atomic
def save_super_study(
    *, slug: str, title: str, description: str, flagship: list[Study], related: list[Study], logo: bytes | None = None
) -> SuperStudy:
    """Make a super study, or change all that is said of it.

    :param related: a study that is a flagship too is a flagship
    :param logo: a new picture; None keeps the one that is there
    :raises analyses.logos.BadLogo: the picture cannot be served
    """
    said = {"title": title, "description": description, "updated_at": Now()} | (_logo_columns(logo) if logo else {})
    super_study, _ = SuperStudy.objects.update_or_create(slug=slug, defaults=said)
    members = dict.fromkeys(related, False) | dict.fromkeys(flagship, True)
    SuperStudyStudy.objects.filter(super_study=super_study).exclude(study__in=members).delete()
    SuperStudyStudy.objects.bulk_create(
        [
            SuperStudyStudy(super_study=super_study, study=study, is_flagship=is_flagship)
            for study, is_flagship in members.items()
        ],
        update_conflicts=True,
        unique_fields=["super_study", "study"],
        update_fields=["is_flagship"],
    )
    super_study.refresh_from_db()
    return super_study


def _logo_columns(logo: bytes) -> dict[str, object]:
    picture, mimetype = checked_logo(logo)
    return {"logo": picture, "logo_mimetype": mimetype, "logo_sha256": hashlib.sha256(picture).hexdigest()}
