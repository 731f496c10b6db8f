"""What the document says there is, for tests that call all of it."""

from emgapiv2.api import api

PREFIX = "/api/v2"


def document():
    return api.get_openapi_schema()


def gets():
    """operationId → path template, of every operation that reads JSON."""
    return {name: path for name, (path, answers) in _reading().items() if "application/json" in answers}


def streams():
    """The same of those that answer with tables and files."""
    return {name: path for name, (path, answers) in _reading().items() if "application/json" not in answers}


def _reading():
    """operationId → (path template, the media types of its 200)."""
    found = {path: methods["get"] for path, methods in document()["paths"].items() if "get" in methods}
    return {
        one["operationId"]: (path, one["responses"].get("200", {}).get("content", {})) for path, one in found.items()
    }
