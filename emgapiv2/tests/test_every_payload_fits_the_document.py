"""Requests made from the document itself, odd ones too: each answer is one that the document allows."""

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from analyses.europe_pmc import Mention, grouped
from analyses.services.issue_api_token import issue_api_token
from analyses.tests.factories import (
    make_analysis,
    make_annotations,
    make_assembly,
    make_download,
    make_publication,
    make_run,
    make_study,
    make_super_study,
)
from emgapiv2.tests.callers import OWNER, request_of
from emgapiv2.tests.operations import document, gets
from workflows.services.flow_runs import ask_for_run

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 12
NO_GENOMES_YET = {"list_genome_links_for_assembly", "list_additional_contained_genomes_for_assembly"}
application = get_wsgi_application()


@pytest.fixture
def things(db):
    study = make_study(metadata={"study_description": "für Ökologen", "tax_id": None})
    analysis = make_analysis(make_run(study), state="published")
    make_annotations(analysis, records=[{"organism": "sk__Bacteria", "count": None, "value": 0.5}])
    for parent in (study, analysis):
        make_download(parent, index_files=[{"index_type": "fai", "path": "taxonomy/ssu.tsv.fai"}])
    asked = {"deployment": "run_batch_deployment", "parameters": {"batch_id": "0" * 32}}
    flow_run, _ = ask_for_run(**asked, source="test", run_key="1", actor="test", study=study)
    flow_run.decisions.create(question="q", subject="s", form={})
    make_study(level=1, owner=OWNER)
    assembly = make_assembly(analysis.run, assembly_study=study, metadata={"coverage": 1.5})
    make_analysis(assembly, state="published")
    mentions = [Mention(exact="gut", type=kind, tags=[{"name": "gut", "uri": "http://x"}]) for kind in ("Host", "LS")]
    publication = make_publication(study, metadata={"doi": "10.1/x"}, annotations=grouped(mentions))
    issue_api_token(owner_webin=OWNER, name="test", scopes=["read"], expires_at=timezone.now())
    return {
        "flow_run": str(flow_run.pk),
        "request": str(request_of(OWNER).pk),
        "insdc": study.first_accession,
        "studies": study.accession,
        "samples": analysis.sample.first_accession,
        "runs": analysis.run.first_accession,
        "analyses": analysis.accession,
        "accessions": analysis.accession,
        "assemblies": assembly.first_accession,
        "pubmed_id": publication.pk,
        "slug": make_super_study(study, related=[make_study()]).pk,
    }


@pytest.fixture(autouse=True)
def _connection_of_the_test():
    """A real request ends by closing old connections, which the test's transaction is on; its client does the same."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def schema():
    return schemathesis.openapi.from_dict(closed(document())).include(method="GET")


def closed(node):
    """The document with no field allowed that it does not name."""
    if isinstance(node, dict):
        node = {str(key): closed(value) for key, value in node.items()}
        return node | {"additionalProperties": False} if "properties" in node else node
    return [closed(item) for item in node] if isinstance(node, list) else node


@pytest.mark.parametrize("operation", gets())
def test_odd_requests_get_answers_that_the_document_allows(operation, things, bearer):
    described = schema().find_operation_by_id(operation)
    authorization = {"Authorization": bearer("read", "launch").defaults["HTTP_AUTHORIZATION"]}

    @given(case=described.as_strategy())
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=HealthCheck)
    def call(case):
        case.call_and_validate(app=application, checks=CHECKS, headers=authorization)

    call()


@pytest.mark.parametrize("operation", gets())
def test_what_is_there_is_answered_as_the_document_says(operation, things, bearer, as_owner):
    described = schema().find_operation_by_id(operation)
    noun = "insdc" if "/insdc/" in described.path else described.path.split("/")[3]
    path = {"accession": things.get(noun), "annotation_type": "taxonomies__ssu", "run_id": things["flow_run"]}
    path |= {"request_id": things["request"], "pubmed_id": things["pubmed_id"], "slug": things["slug"]}
    names = {parameter.name for parameter in described.path_parameters}
    case = described.Case(path_parameters={name: path[name] for name in names})
    caller = as_owner() if noun in {"auth", "my-data", "analysis-requests"} else bearer("read", "launch")
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
