"""What our document has besides the contract, or no more, in groups: run with ``-s`` to read them.

That nothing is lacking is shown by ``test_the_document_is_a_superset_of_the_contract``.
"""

import sys
from collections import defaultdict

from emgapiv2.tests.operations import PREFIX
from emgapiv2.tests.test_the_document_is_a_superset_of_the_contract import (
    LATER,
    SCHEMES,
    contract,
    operation_of,
    operations_of,
    ours,
    reduced,
    schemas_reached,
)

__all__ = ["contract", "ours"]
PAGE = {"next", "previous"}


def test_every_difference_to_the_contract_is_told(contract, ours):
    found = defaultdict(list)
    for differences in (of_the_whole, of_operations, of_fields):
        for group, line in differences(contract, ours):
            found[group].append(line)
    for group, lines in found.items():
        sys.stdout.write(f"\n{group} ({len(lines)})\n" + "".join(f"  {line}\n" for line in lines))
    permitted = contract["permitted_differences"]
    allowed = {f"may be added: {kind}" for kind in permitted["may_be_added"]}
    assert {group for group in found if group.startswith("may be added")} <= allowed
    gone = {name for name in found["gone, as it was never sent"] if "." in name}
    assert gone == {
        f"{schema}.{field}"
        for schema in schemas_reached(contract)
        for field, promised in contract["schemas"][schema].items()
        if promised.get("sent") is False and schema in ours["components"]["schemas"]
    }


def of_the_whole(contract, ours):
    theirs = {key.split(" ")[1]: wanted for key, wanted in contract["operations"].items()}
    yield from (("not yet", name["operation_id"]) for path, name in theirs.items() if path.startswith(LATER))
    known = {wanted["operation_id"] for wanted in contract["operations"].values()}
    for path, methods in ours["paths"].items():
        for method, one in methods.items():
            if one["operationId"] not in known:
                line = f"{one['operationId']}: {method.upper()} {path.removeprefix(PREFIX)}"
                yield "may be added: operations", line
            yield from (
                ("may be added: tags", f"{tag} of {one['operationId']}")
                for tag in one["tags"]
                if tag not in contract["tags"]
            )


def of_operations(contract, ours):
    for (method, path), wanted in operations_of(contract).items():
        one, name = operation_of(ours, method, path), wanted["operation_id"]
        given = {p["name"]: p["schema"] for p in one["parameters"] if p["in"] == "query"}
        promised = wanted.get("query_params", {})
        if more := sorted(set(given) - set(promised)):
            yield "may be added: query_params", f"{name}: {', '.join(more)}"
        for parameter, value in promised.items():
            had = reduced(given[parameter], ours["components"]["schemas"]).get("enum", [])
            if more := sorted(set(had) - set(value.get("enum", had))):
                yield "may be added: request_enum_values", f"{name} {parameter}: {', '.join(more)}"
        if more := sorted(set(one["responses"]) - set(wanted["responses"])):
            yield "may be added: response_statuses", f"{name}: {', '.join(more)}"
        ways = {way for ways in one.get("security", [{}]) for way in ways or ["anonymous"]}
        if more := sorted(ways - {SCHEMES.get(way, way) for way in wanted["auth"]}):
            yield "may be added: auth", f"{name}: {', '.join(more)}"
        if headers := sorted(one["responses"]["200"].get("headers", {})):
            yield "may be added: headers", f"{name}: {', '.join(headers)}"
        links = one["responses"]["200"].get("links", {})
        for link, promise in wanted.get("links", {}).items():
            if link not in links:
                yield "not yet", f"{name}: link {link}"
            elif not promise.get("correct", True):
                yield "links mended", f"{name}: {link} gives {links[link]['parameters']}, was {promise['parameters']}"


def of_fields(contract, ours):
    components, becomes = ours["components"]["schemas"], contract["permitted_differences"]["type_becomes"]
    yield from (("types opened", f"{field}: {kind}") for field, kind in becomes.items())
    for name in sorted(schemas_reached(contract) & set(components)):
        given, promised = components[name]["properties"], contract["schemas"][name]
        if more := sorted(set(given) - set(promised)):
            yield "may be added: response_fields", f"{name}: {', '.join(more)}"
        for field, value in promised.items():
            if value.get("sent") is False:
                yield "gone, as it was never sent", f"{name}.{field}"
                continue
            if not value["required"] and field in components[name].get("required", []):
                yield "always there now", f"{name}.{field}"
            if value["nullable"] and not reduced(given[field], components)["nullable"]:
                yield "never null now", f"{name}.{field}"
    pages = [name for name in components if name.startswith("NinjaPagination")]
    if all(set(components[name]["properties"]) >= PAGE for name in pages):
        yield "may be added: response_fields", f"every page: {', '.join(sorted(PAGE))}"
