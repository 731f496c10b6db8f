import json
import os
import subprocess
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator

from analyses.models import Study
from analyses.tests.factories import make_study
from emgapiv2.tests.operations import PREFIX, document

PRINT = """
import django
django.setup()
from django.test import Client
print(Client(headers={"Host": "localhost"}).get("/api/v2/openapi.json").content.decode(), end="")
"""


def printed_by_a_new_process(**environment):
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "emgapiv2.settings", **environment}
    # another seed of hashes, so that nothing rests on the order of a set
    done = subprocess.run([sys.executable, "-c", PRINT], env=environment, capture_output=True, check=True)
    return done.stdout


def test_the_document_is_valid_openapi_3_1():
    described = document()
    assert described["openapi"] == "3.1.0"
    assert [error.message for error in OpenAPIV31SpecValidator(described).iter_errors()] == []


def test_the_document_is_the_same_after_a_restart_and_at_every_prefix():
    prefixes = '["api/v2/", "/metagenomics/api/v2"]'
    one = printed_by_a_new_process(PYTHONHASHSEED="1")
    other = printed_by_a_new_process(PYTHONHASHSEED="2", EMG_SERVICE_URLS__API_PREFIXES=prefixes)
    assert one == other
    assert json.loads(one)["servers"] == []


def test_every_security_scheme_is_known_to_clients():
    described = document()
    schemes = described["components"]["securitySchemes"]
    assert {scheme["type"] for scheme in schemes.values()} <= {"http", "apiKey"}
    assert "none" not in json.dumps(schemes)
    for methods in described["paths"].values():
        for operation in methods.values():
            assert {name for one in operation.get("security", []) for name in one} <= set(schemes)


def test_every_operation_has_its_own_id_and_declares_its_refusals():
    operations = [one for methods in document()["paths"].values() for one in methods.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    for operation in operations:
        takes = operation["parameters"] or operation.get("requestBody")
        assert not takes or "422" in operation["responses"], operation["operationId"]
        assert not any(p["in"] == "path" for p in operation["parameters"]) or "404" in operation["responses"]


def test_every_link_leads_to_an_operation():
    operations = [one for methods in document()["paths"].values() for one in methods.values()]
    names = {operation["operationId"] for operation in operations}
    links = [link for one in operations for link in one["responses"].get("200", {}).get("links", {}).values()]
    assert links
    assert {link["operationId"] for link in links} <= names


def test_no_artefact_of_parsing_queries_is_published():
    described = document()
    text = json.dumps(described)
    assert [name for name in described["components"]["schemas"] if f'schemas/{name}"' not in text] == []


def test_headers_that_clients_act_on_are_declared(client, db):
    for _ in range(2):
        make_study()
    operations = {
        path: methods["get"]["responses"] for path, methods in document()["paths"].items() if "get" in methods
    }
    listed = client.get(f"{PREFIX}/studies/", {"page_size": 1, "updated_since": "2020-01-01"})
    shown = client.get(f"{PREFIX}/studies/{Study.objects.all()[0].accession}")
    refused = client.get(f"{PREFIX}/my-data/studies/")
    acted_on = set(document()["components"]["headers"])
    for path, answer in (("/studies/", listed), ("/studies/{accession}", shown), ("/my-data/studies/", refused)):
        sent = acted_on & set(answer.headers)
        declared = set(operations[f"{PREFIX}{path}"][str(answer.status_code)]["headers"])
        assert sent
        assert declared - {"X-Count"} == sent, path
    for answers in operations.values():
        assert "Retry-After" in answers["429"]["headers"]
        assert "Retry-After" in answers["503"]["headers"]
