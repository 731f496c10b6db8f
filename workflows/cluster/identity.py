"""Names by which a job is known: the installation and the token (``spec/cluster-jobs.md`` §1.7)."""

import re
import secrets

from django.conf import settings

from workflows.cluster.backends import default_backend_name
from workflows.models import Duty

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
TOKEN = re.compile(r"dj[a-z2-7]{24}")
STORED_UNDER = "installation"


class AnotherInstallation(Exception):
    """The database belongs to another installation than the settings say."""


def installation() -> str:
    """Four characters that tell our jobs from everybody else's; fixed at the first start, kept in the database.

    :raises AnotherInstallation: ``EMG_CLUSTER__INSTALLATION`` is set and differs from what is stored
    """
    configured, stored = settings.EMG_CONFIG.cluster.installation, _fixed()["installation"]
    if configured and configured != stored:
        raise AnotherInstallation(f"EMG_CLUSTER__INSTALLATION is {configured!r}, this database holds {stored!r}")
    return stored


def backend_of_new_jobs() -> str:
    """What ``auto`` meant when it was first asked: a sleeping controller must not turn jobs local."""
    chosen = settings.EMG_CONFIG.cluster.backend
    return _fixed()["backend"] if chosen == "auto" else chosen


def new_token() -> str:
    """The name of a new attempt: ``dj``, the installation, 20 random characters."""
    return f"dj{installation()}{_random(20)}"


def our_token(name: str, ours: str) -> str | None:
    """The token a scheduler's job name carries, its own or its head's, if it is of this installation."""
    token = name.partition(".")[0]
    return token if TOKEN.fullmatch(token) and token.startswith(f"dj{ours}") else None


def _fixed() -> dict[str, str]:
    row = Duty.objects.filter(pk=STORED_UNDER).first()
    if row is None:
        chosen = {
            "installation": settings.EMG_CONFIG.cluster.installation or _random(4),
            "backend": default_backend_name(),
        }
        row, _ = Duty.objects.get_or_create(name=STORED_UNDER, defaults={"state": chosen})
    return row.state


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
