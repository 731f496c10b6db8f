"""Small things that every router answers with."""

from typing import TypeVar

from django.http import Http404
from ninja import Schema

T = TypeVar("T")


class ErrorDetail(Schema):
    """Every refusal. ``code`` is a stable word; ``request_id`` names the request in our log."""

    detail: str
    code: str | None = None
    request_id: str | None = None


class ValidationFault(Schema):
    type: str
    loc: list[str | int]
    msg: str
    ctx: dict | None = None


class ValidationDetail(Schema):
    detail: list[ValidationFault] | str
    code: str | None = None
    request_id: str | None = None


def or_404(found: T | None) -> T:
    """:raises Http404: there is nothing, or nothing that this actor may see"""
    if found is None:
        raise Http404
    return found
