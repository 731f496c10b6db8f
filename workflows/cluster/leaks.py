"""Known secrets where none may be: in a row of this room, log tails among them (``spec/cluster-jobs.md`` §9, D12)."""

import json
from collections.abc import Iterator

from django.apps import apps
from django.db.models import CharField, JSONField, Model, TextField

from workflows.cluster.secrets import known_forms

CHUNK = 2000
TEXTS = (CharField, TextField, JSONField)


def find_leaks() -> Iterator[str]:
    """Where one stands, never what it is. The rows come to us: a secret in a query might be logged by the server."""
    plain = known_forms()
    forms = {*plain, *(json.dumps(form)[1:-1] for form in plain)}
    if not forms:
        return
    for model in apps.get_app_config("workflows").get_models():
        for name in [field.name for field in model._meta.concrete_fields if isinstance(field, TEXTS)]:
            yield from _in_column(model, name, forms)


def _in_column(model: type[Model], name: str, forms: set[str]) -> Iterator[str]:
    for pk, value in model._default_manager.values_list("pk", name).iterator(chunk_size=CHUNK):
        text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
        if any(form in text for form in forms):
            yield f"{model._meta.verbose_name} {pk} holds a secret in {name}"
