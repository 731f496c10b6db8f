"""The stand-in's portal: a question in, an answer out, with the oddities of ``spec/ena.md`` §2.1 on purpose."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from random import shuffle

from ena.records import SHIPPED_FIELDS
from ena.standin.dataset import HUB_PORTAL, KEY, PORTALS, Column, Dataset, Row, columns_of, read_table
from ena.standin.faults import Answer, Request, Rule
from ena.standin.grammar import UnknownSearchField, parse

RESULTS = {row["resultId"]: row for row in read_table(SHIPPED_FIELDS / "results.tsv")}
REFUSED_PARAMETERS = ("offset", "sortFields")
# About one field in eleven has its type in the wrong column.
MISPLACED_TYPE_EVERY = 11


@dataclass(frozen=True)
class Question:
    """A request to the portal, read against the data and under the fault that matched it."""

    request: Request
    dataset: Dataset
    rule: Rule | None

    def parameter(self, name: str, default: str = "") -> str:
        return self.request.params.get(name, default)

    @property
    def wants_json(self) -> bool:
        return self.parameter("format").lower() == "json"

    @cached_property
    def result(self) -> str:
        return _one_of(RESULTS, "result", self.parameter("result"))

    @cached_property
    def portal(self) -> str:
        return _one_of(PORTALS, "dataPortal", self.parameter("dataPortal", "ena"))

    @cached_property
    def columns(self) -> dict[str, Column]:
        """The fields of the result in the portal, as a fault on columns leaves them."""
        columns = {name: one for name, one in columns_of(self.result).items() if self.portal not in one.absent_from}
        name = self.rule.spec.get("field") if self.rule else None
        if self.rule is None or name not in columns:
            return columns
        column = columns[name]
        if self.rule.action == "blank_field":
            columns[name] = replace(column, source="")
        if self.rule.action in ("remove_field", "rename_field"):
            del columns[name]
        if self.rule.action == "rename_field":
            columns[self.rule.spec["to"]] = replace(column, name=self.rule.spec["to"])
        return columns

    @cached_property
    def asked_fields(self) -> dict[str, str]:
        """Field → cell of the row, in the order asked; only accession and description if none is asked."""
        asked = [name.strip() for name in self.parameter("fields").split(",") if name.strip()]
        asked = asked or [*RESULTS[self.result]["primaryAccessionType"].split(","), "description"]
        known = {name: column.source for name, column in self.columns.items() if column.returned}
        unknown = [name for name in asked if name not in known]
        if unknown and self.columns:
            raise ValueError(f"Invalid fieldName(s) supplied: {','.join(unknown)}")
        return {name: known.get(name, name) for name in asked}

    def selected(self) -> list[Row]:
        """:raises UnknownSearchField: worded by the caller, because ``/search`` and ``/count`` differ."""
        searchable = {name: column for name, column in self.columns.items() if column.searchable}
        holds = parse(self.parameter("query"), searchable)
        hub_only = self.parameter("dccDataOnly") == "true"
        rows = self.dataset.rows(self.result, portal=self.portal, hub=self.request.account, hub_only=hub_only)
        return [row for row in rows if holds(row)]


def answer_portal(endpoint: str, question: Question) -> Answer:
    """The answer of one endpoint; 404 as JSON for any other."""
    if endpoint not in ENDPOINTS:
        return Answer(404, b'{"status": 404, "error": "Not Found"}', "application/json")
    try:
        return ENDPOINTS[endpoint](question)
    except ValueError as refusal:  # said by the code below, or by the parser
        return Answer(400, str(refusal).encode())


def _search(question: Question) -> Answer:
    for name in REFUSED_PARAMETERS:
        if name in question.request.params:
            raise ValueError(f"Unsupported param {name}")
    fields = question.asked_fields
    try:
        rows = question.selected()
    except UnknownSearchField as error:
        raise ValueError(f"Invalid column ({error.name}) has been provided in query") from None
    shuffle(rows)  # as the portal: two equal questions, two orders
    return _table(question, fields, rows[: int(question.parameter("limit", "0")) or None])


def _count(question: Question) -> Answer:
    try:
        count = len(question.selected())
    except UnknownSearchField as error:
        return Answer(500, f"Unknown search field:{error.name}".encode())
    if question.wants_json:
        return Answer(200, json.dumps({"count": str(count)}).encode(), "application/json")
    return Answer(200, f"count\n{count}\n".encode())


def _filereport(question: Question) -> Answer:
    """Rows of one accession of any noun; a list, an unknown or a private accession has none."""
    names = [name for key in KEY.values() for name in (key, f"secondary_{key}")] + ["experiment_accession"]
    wanted, hub = question.parameter("accession"), question.request.account
    rows = list(question.dataset.rows(question.result, portal="ena"))
    if hub:
        own_portal = HUB_PORTAL.get(hub, "ena")
        rows += question.dataset.rows(question.result, portal=own_portal, hub=hub, hub_only=True)
    found = [row for row in rows if any(wanted and wanted in row.get(name, "").split(";") for name in names)]
    return _table(question, question.asked_fields, found)


def _results(question: Question) -> Answer:
    fields = {"resultId": "resultId", "description": "resultId", "primaryAccessionType": "primaryAccessionType"}
    return _table(question, fields, RESULTS.values())


def _return_fields(question: Question) -> Answer:
    rows = []
    for number, column in enumerate(column for column in question.columns.values() if column.returned):
        misplaced = number % MISPLACED_TYPE_EVERY == MISPLACED_TYPE_EVERY // 2
        description, type_ = (column.type, "") if misplaced else (column.name.replace("_", " "), column.type)
        rows.append({"columnId": column.name, "description": description, "type": type_})
    return _table(question, {name: name for name in ("columnId", "description", "type")}, rows)


ENDPOINTS: dict[str, Callable[[Question], Answer]] = {
    "search": _search,
    "count": _count,
    "filereport": _filereport,
    "results": _results,
    "returnFields": _return_fields,
}


def _table(question: Question, fields: dict[str, str], rows: Iterable[Row]) -> Answer:
    """TSV without quoting, or a JSON array with an object a line and strings only.

    :param fields: name shown → cell of the row
    """
    if question.wants_json:
        objects = (json.dumps({name: row.get(cell, "") for name, cell in fields.items()}) for row in rows)
        return Answer(200, ("[\n" + ",\n".join(objects) + "\n]\n").encode(), "application/json")
    lines = ["\t".join(fields), *("\t".join([row.get(cell, "") for cell in fields.values()]) for row in rows)]
    return Answer(200, ("\n".join(lines) + "\n").encode(), "text/tab-separated-values;charset=UTF-8")


def _one_of(known: Iterable[str], name: str, value: str) -> str:
    if value not in known:
        raise ValueError(f"Invalid {name} {value!r}; one of {', '.join(known)}")
    return value
