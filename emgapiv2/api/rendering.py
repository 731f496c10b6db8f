"""Small things that every router answers with: times, texts, refusals (``spec/api-v2.md`` §2, §6)."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

import orjson
from django.http import Http404, HttpResponse
from ninja import Field, Schema
from ninja import errors as ninja_errors
from ninja.responses import Response
from pydantic import AfterValidator, PlainSerializer, StringConstraints, WithJsonSchema

from emgapiv2.api.request import ApiRequest

T = TypeVar("T")
CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "throttled",
    500: "internal",
    502: "upstream",
    503: "upstream",
}


def as_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _storable(value: Any) -> Any:
    """:raises ValueError: Postgres stores no NUL, and what is stored must be told again"""
    try:
        text = orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise ValueError("nested too deeply") from error
    if rb"\u0000" in text.replace(rb"\\", b""):
        raise ValueError("NUL characters are not accepted")
    return value


Time = Annotated[datetime, PlainSerializer(as_text), WithJsonSchema({"type": "string", "format": "date-time"})]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
JsonObject = Annotated[dict[str, Any], AfterValidator(_storable)]


class ErrorDetail(Schema):
    """Every refusal. ``code`` is a stable word; ``request_id`` names the request in our log."""

    detail: str
    code: str
    request_id: str


class TokenErrorMessage(Schema):
    token_class: str
    token_type: str
    message: str


class TokenError(ErrorDetail):
    """A token that is not taken, or no longer: signing in again might help."""

    code: Literal["token_not_valid"]
    messages: list[TokenErrorMessage]


class ValidationErrorItem(Schema):
    type: str
    loc: list[str | int]
    msg: str
    ctx: dict[str, Any] = Field(default_factory=dict)


class ValidationError(Schema):
    """Every fault of the request at once."""

    detail: list[ValidationErrorItem]
    code: str
    request_id: str


def or_404(found: T | None) -> T:
    """:raises Http404: there is nothing, or nothing that this actor may see"""
    if found is None:
        raise Http404
    return found


def shown(request: ApiRequest, found: Any) -> Any:
    """The same for one object, whose ``updated_at`` is told in Last-Modified."""
    found = or_404(found)
    request.changed_at = found.updated_at
    return found


def refused(faults: list[tuple[str, str]]) -> ninja_errors.ValidationError:
    """The 422 of a rule that no schema holds.

    :param faults: each as (the field by its dotted path, what is wrong)
    """
    return ninja_errors.ValidationError(
        [{"type": "value_error", "loc": field.split("."), "msg": message} for field, message in faults]
    )


def answer_error(
    request: ApiRequest, status: int, detail: object, code: str | None = None, **more: object
) -> HttpResponse:
    """``{"detail", "code", "request_id"}``, the one form of every refusal."""
    body = {"detail": detail, "code": code or CODES.get(status, "error"), "request_id": request.request_id, **more}
    return Response(body, status=status)


def answer_token_not_valid(request: ApiRequest) -> HttpResponse:
    """The refusal of a token, whatever is wrong with it."""
    message = {"token_class": "SlidingToken", "token_type": "sliding", "message": "Token is invalid or expired"}
    sentence = "The token is not valid, or no longer."
    return answer_error(request, 401, sentence, code="token_not_valid", messages=[message])
