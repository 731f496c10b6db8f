"""Our document, reduced to the form of the contract, lacks nothing that clients of today rely on.

The contract lies beside the checkout, at ``../shared/contract``.
"""

import json
import sys
from pathlib import Path

import pytest

from emgapiv2.tests.operations import PREFIX, document

CONTRACT = Path(__file__).parents[3] / "shared/contract/mgnify-v2.json"
LATER = ("/genomes", "/genome-search/")
# Genomes come with a later release; nothing else may be lacking.
NOT_YET = {"get_genome_catalogue"}
SCHEMES = {"superuser_session": "SessionAuthSuperUser", "webin_jwt": "WebinJWTAuth"}
if not CONTRACT.exists():
    pytest.skip(f"the contract is not there: {CONTRACT.name} is kept beside the checkout", allow_module_level=True)


@pytest.fixture(scope="module")
def contract():
    return json.loads(CONTRACT.read_text())


@pytest.fixture(scope="module")
def ours():
    return document()


def operations_of(contract):
    named = {tuple(key.split(" ")): wanted for key, wanted in contract["operations"].items()}
    return {
        (method.lower(), path): wanted
        for (method, path), wanted in named.items()
        if not path.startswith(LATER) and wanted.get("in_document", True)
    }


def operation_of(ours, method, path):
    return ours["paths"].get(f"{PREFIX}{path}", {}).get(method)


def reduced(schema, components):
    """{type, nullable, enum?, min?, default?} of a JSON schema, in the words of the contract."""
    schema = dict(schema)
    choices = schema.pop("anyOf", None)
    if choices:
        kinds = [reduced(choice, components) for choice in choices if choice.get("type") != "null"]
        merged = dict(kinds[0], type="|".join(kind["type"] for kind in kinds))
        nullable = len(kinds) < len(choices) or any(kind["nullable"] for kind in kinds)
        return merged | {"nullable": nullable} | ({"default": schema["default"]} if schema.get("default") else {})
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {"type": name, "nullable": False} | (
            {"enum": components[name]["enum"]} if "enum" in components[name] else {}
        )
    kind = schema.get("type", "any")
    if kind == "array":
        kind = f"array<{text_of(schema['items'], components)}>"
    elif kind == "object":
        values = schema.get("additionalProperties", True)
        kind = f"map<string,{'any' if values is True else text_of(values, components)}>"
    elif schema.get("format") == "date-time":
        kind = "string:date-time"
    found = {"type": kind, "nullable": kind == "any"}
    found |= {"enum": schema["enum"]} if "enum" in schema else {}
    found |= {"min": schema["minimum"]} if "minimum" in schema else {}
    return found | ({"default": schema["default"]} if schema.get("default") is not None else {})


def text_of(schema, components):
    if schema in ({}, True):
        return "any"
    found = reduced(schema, components)
    return found["type"] + ("?" if found["nullable"] and found["type"] != "any" else "")


def differences_of_values(place, wanted, found, *, is_answer):
    """An answer may be narrower than promised, a request wider; enumerations of answers are frozen."""
    if found is None:
        return [f"{place}: missing"]
    faults = []
    kind = "string" if found.get("enum") and wanted["type"] == "string" else found["type"]
    if kind != wanted["type"]:
        faults.append(f"{place}: type {found['type']}, promised {wanted['type']}")
    if found["nullable"] != wanted["nullable"] and found["nullable"] is is_answer:
        faults.append(f"{place}: nullable {found['nullable']}, promised {wanted['nullable']}")
    promised, given = wanted.get("enum"), found.get("enum")
    if promised and (given is None or (set(given) - set(promised) if is_answer else set(promised) - set(given))):
        faults.append(f"{place}: values {given}, promised {promised}")
    if found.get("default") != wanted.get("default"):
        faults.append(f"{place}: default {found.get('default')}, promised {wanted.get('default')}")
    if found.get("min", wanted.get("min")) != wanted.get("min"):
        faults.append(f"{place}: minimum {found.get('min')}, promised {wanted.get('min')}")
    return faults


def told(faults):
    """Every difference at once, for whoever mends them."""
    sys.stdout.writelines(f"{fault}\n" for fault in faults)
    return faults


def test_every_operation_and_its_parameters_are_there(contract, ours):
    faults = []
    components = ours["components"]["schemas"]
    for (method, path), wanted in operations_of(contract).items():
        name = wanted["operation_id"]
        found = operation_of(ours, method, path)
        if found is None or found["operationId"] != name:
            faults.append(f"{method} {path}: {name} is missing")
            continue
        faults += [f"{name}: tag {tag} is missing" for tag in wanted["tags"] if tag not in found["tags"]]
        body = wanted.get("request_body", {}).get("content", {}).get("application/json")
        sent = found.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        if body and sent.get("$ref", "").rpartition("/")[2] != body:
            faults.append(f"{name}: takes {sent}, promised {body}")
        given = {(one["in"], one["name"]): one for one in found["parameters"]}
        for where, parameters in (("path", "path_params"), ("query", "query_params")):
            for parameter, promised in wanted.get(parameters, {}).items():
                one = given.get((where, parameter))
                value = reduced(one["schema"], components) if one else None
                faults += differences_of_values(f"{name} {parameter}", promised, value, is_answer=False)
                if one and one["required"] and not promised["required"]:
                    faults.append(f"{name} {parameter}: is required, was not")
    assert told(faults) == []


def test_answers_have_the_promised_schemas(contract, ours):
    faults = []
    for (method, path), wanted in operations_of(contract).items():
        found = operation_of(ours, method, path)
        schema = found["responses"]["200"]["content"]["application/json"]["schema"]
        promised = wanted["responses"]["200"]["application/json"]
        if promised.startswith("Page<"):
            promised = contract["page_component_name"].replace("{T}", promised[5:-1])
        if schema["$ref"].rpartition("/")[2] != promised:
            faults.append(f"{wanted['operation_id']}: answers {schema['$ref']}, promised {promised}")
    assert told(faults) == []


def schemas_reached(contract):
    """Every schema that the operations we serve can send."""
    wanted = {
        answer.strip("<>") for op in operations_of(contract).values() for answer in op["responses"]["200"].values()
    }
    found = {name.removeprefix("Page<") for name in wanted} | {"ErrorDetail", "ValidationError"}
    while True:
        texts = [field["type"] for name in found for field in contract["schemas"].get(name, {}).values()]
        more = {name for name in contract["schemas"] if any(name in text for text in texts)} | found
        if more == found:
            return {name for name in found if name in contract["schemas"]}
        found = more


def test_every_field_is_there_with_its_type(contract, ours):
    faults = []
    components = ours["components"]["schemas"]
    becomes = contract["permitted_differences"]["type_becomes"]
    not_sent = {"DownloadFileIndexFile"}  # only reached by fields that are not sent
    for name in sorted(schemas_reached(contract) - not_sent):
        if name not in components:
            faults.append(f"{name}: no such schema")
            continue
        required = components[name].get("required", [])
        for field, promised in contract["schemas"][name].items():
            schema = components[name]["properties"].get(field)
            if promised.get("sent") is False:
                faults += [f"{name}.{field}: was never sent, must go"] if schema else []
                continue
            kind = becomes.get(f"{name}.{field}", promised["type"])
            values = {"enum": contract["enums"][kind]} if kind in contract["enums"] else {}
            value = reduced(schema, components) if schema else None
            faults += differences_of_values(
                f"{name}.{field}", promised | {"type": kind} | values, value, is_answer=True
            )
            if promised["required"] and field not in required:
                faults.append(f"{name}.{field}: was required")
    assert told(faults) == []


def test_links_and_ways_in_are_kept(contract, ours):
    faults = []
    for (method, path), wanted in operations_of(contract).items():
        found = operation_of(ours, method, path)
        given = found["responses"]["200"].get("links", {})
        for link, promised in wanted.get("links", {}).items():
            if promised["operation_id"] in NOT_YET:
                continue
            one = given.get(link, {"operationId": None, "parameters": None})
            right = promised.get("correct", True)
            if one["operationId"] != promised["operation_id"] or (
                right and one["parameters"] != promised["parameters"]
            ):
                faults.append(f"{wanted['operation_id']}: link {link} is {one}, promised {promised}")
        ways = found.get("security", [{}])
        names = {name for way in ways for name in way} | ({"anonymous"} if {} in ways else set())
        lacking = {SCHEMES.get(way, way) for way in wanted["auth"]} - names
        faults += [f"{wanted['operation_id']}: {way} is no way in" for way in sorted(lacking)]
    assert told(faults) == []
