"""The stand-in's browser API: public and suppressed records by accession, as XML or a summary.

A private or killed record is not answered. In XML a study's primary id is the secondary accession of the
portal and the other way round (``spec/ena.md`` §2.3).
"""

import json
from xml.etree.ElementTree import Element, SubElement, tostring

from ena.standin.dataset import KEY, PUBLIC, SUPPRESSED, Dataset, Row
from ena.standin.faults import Answer

ELEMENT = {"study": "STUDY", "sample": "SAMPLE", "read_run": "RUN", "analysis": "ANALYSIS"}
ATTRIBUTES = {"ENA-STATUS": "status", "ENA-FIRST-PUBLIC": "first_public", "ENA-LAST-UPDATE": "last_updated"}

Found = list[tuple[str, Row]]


def answer_browser(kind: str, accessions: list[str], dataset: Dataset) -> Answer:
    """One document for all accessions; unknown ones are left out in silence.

    :param kind: ``xml`` or ``summary``
    """
    found = [hit for hit in map(dataset.find, accessions) if hit and dataset.state_of(hit[1]).level in SHOWN]
    if not found:
        return Answer(404, json.dumps({"status": 404, "error": "Not Found"}).encode(), "application/json")
    if len({result for result, _ in found}) > 1:
        return Answer(400, b"Accessions of different kinds", "text/plain;charset=UTF-8")
    return _summary(found, dataset) if kind == "summary" else _xml(found, dataset)


SHOWN = (PUBLIC, SUPPRESSED)


def _summary(found: Found, dataset: Dataset) -> Answer:
    summaries = [
        {
            "accession": row[KEY[result]],
            "title": _title(row),
            "dataType": ELEMENT[result],
            "status": dataset.state_of(row).level,
        }
        for result, row in found
    ]
    return Answer(200, json.dumps({"summaries": summaries, "total": str(len(found))}).encode(), "application/json")


def _xml(found: Found, dataset: Dataset) -> Answer:
    name = ELEMENT[found[0][0]]
    root = Element(f"{name}_SET")
    for result, row in found:
        primary, secondary = row[KEY[result]], row.get(f"secondary_{KEY[result]}", "") if result != "analysis" else ""
        identifiers = [primary, *(item for item in secondary.split(";") if item)]
        if result in ("study", "sample") and len(identifiers) > 1:
            identifiers = [*identifiers[1:], primary]
        record = SubElement(root, name, accession=identifiers[0], alias=row.get(f"{name.lower()}_alias", ""))
        listed = SubElement(record, "IDENTIFIERS")
        for place, accession in enumerate(identifiers):
            SubElement(listed, "PRIMARY_ID" if place == 0 else "SECONDARY_ID").text = accession
        SubElement(record, "TITLE").text = _title(row)
        attributes = SubElement(record, f"{name}_ATTRIBUTES")
        for tag, value in _attributes(row, dataset).items():
            attribute = SubElement(attributes, f"{name}_ATTRIBUTE")
            SubElement(attribute, "TAG").text = tag
            SubElement(attribute, "VALUE").text = value
    return Answer(200, tostring(root, encoding="utf-8", xml_declaration=True), "application/xml")


def _attributes(row: Row, dataset: Dataset) -> Row:
    cells = row | {"status": dataset.state_of(row).level}
    return {tag: cells[name] for tag, name in ATTRIBUTES.items() if cells.get(name)}


def _title(row: Row) -> str:
    names = ("study_title", "sample_title", "experiment_title", "analysis_title", "description")
    return next((row[name] for name in names if row.get(name)), "")
