"""How bodies are read and written: JSON in, JSON out (``spec/api-v2.md`` §2)."""

from typing import Any

import orjson
from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.parser import Parser
from ninja.renderers import BaseRenderer


class JsonParser(Parser):
    """Bodies that are declared to be JSON."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Stricter than Python's own: what Postgres or an answer of ours could not hold is no JSON here.

        :raises HttpError: 415, the body is declared to be something else
        """
        if request.content_type != "application/json":
            raise HttpError(415, "The body must be application/json.")
        return orjson.loads(request.body)


class JsonRenderer(BaseRenderer):
    """Answers as bytes; what is not a number becomes null. ``fields=`` has left its choice on the request."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        kept = getattr(request, "kept_fields", None)
        if kept and response_status == 200:
            data = data | {"items": [{name: item[name] for name in item if name in kept} for item in data["items"]]}
        return orjson.dumps(data)
