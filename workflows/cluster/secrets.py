"""Secrets are named, never stored: references, refusal of plain values, masking (``spec/cluster-jobs.md`` §9)."""

import base64
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from urllib.parse import quote

from django.conf import settings
from pydantic import BaseModel, SecretStr

SENSITIVE_NAME = re.compile(r"pass|secret|token|key|credential", re.IGNORECASE)
MIN_LENGTH = 6
MASK = "********"


class PlainSecret(ValueError):
    """A secret was given as a plain value; the text names the argument, never the value."""


class UnknownReference(ValueError):
    """No readable file of that name under ``EMG_CLUSTER__SECRETS_ROOT``."""


def resolve_reference(reference: str) -> Path:
    """The file that holds the secret, as the nodes see it. :raises UnknownReference:"""
    root = settings.EMG_CONFIG.cluster.secrets_root
    if root is None:
        raise UnknownReference(f"{reference!r}: EMG_CLUSTER__SECRETS_ROOT is not set")
    path = (root / reference).resolve()
    if PurePath(reference).is_absolute() or not path.is_relative_to(root.resolve()) or not path.is_file():
        raise UnknownReference(f"{reference!r}: no such file under EMG_CLUSTER__SECRETS_ROOT")
    return path


def refuse_plain_secrets(*, name: str, argv: Sequence[str], environment: Mapping[str, str]) -> None:
    """:raises PlainSecret: the job's name, an argument or a variable is, holds or is named like a secret"""
    known = _known_values()
    if any(value in name for value in known):
        raise PlainSecret("name holds a known secret; schedulers and their accounting keep it")
    for position, part in enumerate(argv):
        if any(value in part for value in known):
            raise PlainSecret(f"argv[{position}] holds a known secret; give it by reference in secrets")
    for variable, value in environment.items():
        if SENSITIVE_NAME.search(variable) or any(secret in value for secret in known):
            raise PlainSecret(f"environment[{variable!r}] is a secret; give it by reference in secrets")


def mask(text: str) -> str:
    """The text without known secrets, plain, URL- or base64-coded, and without what the patterns find."""
    for form in known_forms():
        text = text.replace(form, MASK)
    for pattern in settings.EMG_CONFIG.log_masking.patterns:
        text = re.sub(pattern, MASK, text)
    return text


def known_forms() -> list[str]:
    """All that a known secret may look like in a text."""
    values = _known_values()
    coded = [{value, quote(value, safe=""), base64.b64encode(value.encode()).decode()} for value in values]
    return [form for forms in coded for form in forms]


def _known_values() -> list[str]:
    """Longest first, so that a secret within another leaves no rest."""
    values = list(_secrets_of(settings.EMG_CONFIG))
    root = settings.EMG_CONFIG.cluster.secrets_root
    if root is not None and root.is_dir():
        values += [path.read_text(errors="replace").strip() for path in root.rglob("*") if path.is_file()]
    return sorted({value for value in values if len(value) >= MIN_LENGTH}, key=len, reverse=True)


def _secrets_of(group: BaseModel) -> list[str]:
    found = []
    for value in (getattr(group, name) for name in type(group).model_fields):
        if isinstance(value, SecretStr):
            found.append(value.get_secret_value())
        elif isinstance(value, BaseModel):
            found += _secrets_of(value)
    return found
