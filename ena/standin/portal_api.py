"""The stand-in's portal: a request in, an answer out, with the oddities of ``spec/ena.md`` §2.1 on purpose."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from random import shuffle

from ena.standin.dataset import FIELDS, HUB_PORTAL, KEY, PORTALS, Column, Dataset, Row, columns_of, read_table
from ena.standin.faults import Answer, Request, Rule
from ena.standin.grammar import QueryError, UnknownSearchField, parse

RESULTS = {row["resultId"]: row for row in read_table(FIELDS / "results.tsv")}
REFUSED_PARAMETERS = ("offset", "sortFields")
# About one field in eleven has its type in the wrong column.
MISPLACED_TYPE_EVERY = 11


class Refusal(ValueError):
    """A 400 with this text."""


def answer_portal(endpoint: str, request: Request, dataset: Dataset, rule: Rule | None) -> Answer:
    """The answer of one endpoint; 404 as JSON for any other."""
    handler = HANDLERS.get(endpoint)
    if handler is None:
        body = json.dumps({"status": 404, "error": "Not Found", "path": request.path})
        return Answer(404, body.encode(), "application/json")
    try:
        return handler(request, dataset, rule)
    except Refusal as refusal:
        return Answer(400, str(refusal).encode())


def _search(request: Request, dataset: Dataset, rule: Rule | None) -> Answer:
    for name in REFUSED_PARAMETERS:
        if name in request.params:
            raise Refusal(f"Unsupported param {name}")
    columns = _columns(request, rule)
    fields = _asked_fields(request, columns)
    try:
        rows = _selected(request, dataset, columns)
    except UnknownSearchField as error:
        raise Refusal(f"Invalid column ({error.name}) has been provided in query") from None
    shuffle(rows)  # as the portal: two equal questions, two orders
    limit = _whole_number(request.params.get("limit", "0"))
    return _table(request, fields, rows[: limit or None])


def _count(request: Request, dataset: Dataset, rule: Rule | None) -> Answer:
    try:
        count = len(_selected(request, dataset, _columns(request, rule)))
    except UnknownSearchField as error:
        return Answer(500, f"Unknown search field:{error.name}".encode())
    if _wants_json(request):
        return Answer(200, json.dumps({"count": str(count)}).encode(), "application/json")
    return Answer(200, f"count\n{count}\n".encode())


def _filereport(request: Request, dataset: Dataset, rule: Rule | None) -> Answer:
    """Rows of one accession of any noun; a list, an unknown or a private accession has none."""
    columns = _columns(request, rule)
    fields = _asked_fields(request, columns)
    names = [name for key in KEY.values() for name in (key, f"secondary_{key}")] + ["experiment_accession"]
    wanted = request.params.get("accession", "")
    portal = HUB_PORTAL.get(request.account or "", "ena")
    seen = [*dataset.rows(_result(request), portal="ena"), *dataset.rows(_result(request), portal=portal,
            hub=request.account, hub_only=True)]  # fmt: skip
    found = [row for row in seen if any(wanted and wanted in row.get(name, "").split(";") for name in names)]
    return _table(request, fields, found)


def _results(request: Request, dataset: Dataset, rule: Rule | None) -> Answer:  # noqa: ARG001 - one shape of handler
    rows = [
        {"resultId": name, "description": name.replace("_", " "), "primaryAccessionType": row["primaryAccessionType"]}
        for name, row in RESULTS.items()
    ]
    return _table(request, _by_own_name(rows[0]), rows)


def _return_fields(request: Request, dataset: Dataset, rule: Rule | None) -> Answer:  # noqa: ARG001
    return _catalogue(request, [column for column in _columns(request, rule).values() if column.returned])


def _search_fields(request: Request, dataset: Dataset, rule: Rule | None) -> Answer:  # noqa: ARG001
    return _catalogue(request, [column for column in _columns(request, rule).values() if column.searchable])


def _controlled_vocabulary(request: Request, dataset: Dataset, rule: Rule | None) -> Answer:  # noqa: ARG001
    field = request.params.get("field", "")
    values = {row[field] for result in KEY for row in dataset.rows(result, portal="ena") if row.get(field)}
    if not any(columns_of(result).get(field, None) for result in KEY):
        raise Refusal(f"Unknown field {field}")
    return _table(request, _by_own_name({"value": "", "description": ""}), [{"value": v} for v in sorted(values)])


HANDLERS: dict[str, Callable[[Request, Dataset, Rule | None], Answer]] = {
    "search": _search,
    "count": _count,
    "filereport": _filereport,
    "results": _results,
    "returnFields": _return_fields,
    "searchFields": _search_fields,
    "controlledVocab": _controlled_vocabulary,
}


def _selected(request: Request, dataset: Dataset, columns: dict[str, Column]) -> list[Row]:
    searchable = {name: column for name, column in columns.items() if column.searchable}
    try:
        holds = parse(request.params.get("query", ""), searchable)
    except UnknownSearchField:
        raise
    except QueryError as error:
        raise Refusal(f"Invalid query: {error}") from None
    hub_only = request.params.get("dccDataOnly") == "true"
    rows = dataset.rows(_result(request), portal=_portal(request), hub=request.account, hub_only=hub_only)
    return [row for row in rows if holds(row)]


def _columns(request: Request, rule: Rule | None) -> dict[str, Column]:
    """The fields of the result in the portal, as a fault on columns leaves them."""
    portal = _portal(request)
    columns = {name: one for name, one in columns_of(_result(request)).items() if one.absent_from != portal}
    name = rule.spec.get("field") if rule else None
    if rule is None or name not in columns:
        return columns
    column = columns[name]
    if rule.action == "blank_field":
        columns[name] = replace(column, source="")
    if rule.action in ("remove_field", "rename_field"):
        del columns[name]
    if rule.action == "rename_field":
        columns[rule.spec["to"]] = replace(column, name=rule.spec["to"])
    return columns


def _asked_fields(request: Request, columns: dict[str, Column]) -> dict[str, str]:
    """Field → cell of the row, in the order asked; only accession and description if none is asked."""
    result = _result(request)
    asked = [name.strip() for name in request.params.get("fields", "").split(",") if name.strip()]
    asked = asked or [*RESULTS[result]["primaryAccessionType"].split(","), "description"]
    known = {name: column.source for name, column in columns.items() if column.returned}
    unknown = [name for name in asked if name not in known]
    if unknown and columns:
        raise Refusal(f"Invalid fieldName(s) supplied: {','.join(unknown)}")
    return {name: known.get(name, name) for name in asked}


def _catalogue(request: Request, columns: list[Column]) -> Answer:
    rows = []
    for number, column in enumerate(columns):
        misplaced = number % MISPLACED_TYPE_EVERY == MISPLACED_TYPE_EVERY // 2
        words = (column.type, "") if misplaced else (column.name.replace("_", " "), column.type)
        rows.append(dict(zip(("columnId", "description", "type"), (column.name, *words), strict=True)))
    return _table(request, _by_own_name({"columnId": "", "description": "", "type": ""}), rows)


def _table(request: Request, fields: dict[str, str], rows: Iterable[Row]) -> Answer:
    """TSV without quoting, or a JSON array with an object a line and strings only."""
    if _wants_json(request):
        objects = (json.dumps({name: row.get(cell, "") for name, cell in fields.items()}) for row in rows)
        return Answer(200, f"[{','.join(chr(10) + one for one in objects)}\n]\n".encode(), "application/json")
    cells = fields.values()
    lines = ["\t".join(fields), *("\t".join([row.get(cell, "") for cell in cells]) for row in rows)]
    return Answer(200, ("\n".join(lines) + "\n").encode(), "text/tab-separated-values;charset=UTF-8")


def _by_own_name(row: Row) -> dict[str, str]:
    return {name: name for name in row}


def _wants_json(request: Request) -> bool:
    return request.params.get("format", "tsv").lower() == "json"


def _result(request: Request) -> str:
    result = request.params.get("result", "")
    if result not in RESULTS:
        raise Refusal(f"Invalid result {result!r}; one of {', '.join(RESULTS)}")
    return result


def _portal(request: Request) -> str:
    portal = request.params.get("dataPortal", "ena")
    if portal not in PORTALS:
        raise Refusal(f"Invalid dataPortal {portal!r}; one of {', '.join(PORTALS)}")
    return portal


def _whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Refusal(f"Invalid limit {text!r}")
    return int(text)
