"""Requests made from the document itself, odd ones too: each answer is one that the document allows."""

import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings

from emgapiv2.tests.operations import document, gets
from emgapiv2.tests.things import CHECKS, OF_OWNERS, described, make_things, names_for

EXAMPLES = 12
NO_GENOMES_YET = {"list_genome_links_for_assembly", "list_additional_contained_genomes_for_assembly"}
application = get_wsgi_application()


@pytest.fixture
def things(db):
    return make_things()


@pytest.fixture(autouse=True)
def _connection_of_the_test():
    """A real request ends by closing old connections, which the test's transaction is on; its client does the same."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def schema():
    return described().include(method="GET")


@pytest.mark.parametrize("operation", gets())
def test_odd_requests_get_answers_that_the_document_allows(operation, things, bearer):
    wanted = schema().find_operation_by_id(operation)
    authorization = {"Authorization": bearer("read", "launch").defaults["HTTP_AUTHORIZATION"]}

    @given(case=wanted.as_strategy())
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=HealthCheck)
    def call(case):
        if "light" in case.query.values():  # asked for less than the document promises, as by `fields`
            return
        case.call_and_validate(app=application, checks=CHECKS, headers=authorization)

    call()


@pytest.mark.parametrize("operation", gets())
def test_what_is_there_is_answered_as_the_document_says(operation, things, bearer, as_owner):
    wanted = schema().find_operation_by_id(operation)
    case = wanted.Case(path_parameters=names_for(wanted.path, things))
    caller = as_owner() if wanted.path.split("/")[3] in OF_OWNERS else bearer("read", "launch")
    authorization = {"Authorization": caller.defaults["HTTP_AUTHORIZATION"]}
    answer = case.call_and_validate(app=application, checks=CHECKS, headers=authorization)
    assert answer.status_code == 200
    is_empty = answer.json() == {"count": 0, "items": [], "next": None, "previous": None}
    assert is_empty is (operation in NO_GENOMES_YET)


@pytest.mark.parametrize(
    "odd", ["%00", "%0A", "%2F", "%FF", "%25", "..%5C", "a" * 10_000, "%F0%9F%A7%AC", "null", "'--"]
)
def test_odd_bytes_in_a_path_are_404(client, things, odd):
    for path in gets().values():
        if "{accession}" in path:
            url = path.replace("{accession}", odd).replace("{annotation_type}", "pfams")
            assert client.get(url).status_code == 404, url
        if "_id}" in path:
            assert client.get(path.replace("{run_id}", odd).replace("{pubmed_id}", odd)).status_code == 404
        if "{slug}" in path:
            assert client.get(path.replace("{slug}", odd)).status_code == 404


@pytest.mark.parametrize("value", ["%00", "%FF", "%ED%A0%80", "%25_", "'", "a" * 5000, "%C3%28", "\\"])
def test_odd_bytes_in_a_query_are_no_fault_of_ours(client, things, value):
    for path, methods in document()["paths"].items():
        if "get" in methods and "{" not in path:
            queries = {p["name"] for p in methods["get"]["parameters"] if p["in"] == "query"} | {"unknown"}
            for name in queries:
                assert client.get(f"{path}?{name}={value}").status_code in {200, 401, 422}, (path, name)
