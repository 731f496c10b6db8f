"""What the document says there is, for tests that call all of it."""

from emgapiv2.api import api

PREFIX = "/api/v2"


def document():
    return api.get_openapi_schema()


def gets():
    """operationId → path template, of every operation that reads."""
    return {methods["get"]["operationId"]: path for path, methods in document()["paths"].items() if "get" in methods}
