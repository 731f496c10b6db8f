"""The stand-in's browser API: public and suppressed records by accession, as XML.

A private or killed record is not answered. In XML a study's primary id is the secondary accession of the
portal and the other way round (``spec/ena.md`` §2.3).
"""

from xml.etree.ElementTree import Element, SubElement, tostring

from ena.standin.dataset import KEY, PUBLIC, SUPPRESSED, Dataset
from ena.standin.faults import Answer

ELEMENT = {"study": "STUDY", "sample": "SAMPLE", "read_run": "RUN", "analysis": "ANALYSIS"}
ATTRIBUTES = {"ENA-STATUS": "status", "ENA-FIRST-PUBLIC": "first_public", "ENA-LAST-UPDATE": "last_updated"}
TITLES = ("study_title", "sample_title", "experiment_title", "analysis_title", "description")


def answer_xml(accessions: list[str], dataset: Dataset) -> Answer:
    """One document for all accessions; unknown ones are left out in silence."""
    found = [hit for hit in map(dataset.find, accessions) if hit]
    shown = [(result, row) for result, row in found if dataset.state_of(row).level in (PUBLIC, SUPPRESSED)]
    if not shown:
        return Answer(404, b'{"status": 404, "error": "Not Found"}', "application/json")
    if len({result for result, _ in shown}) > 1:
        return Answer(400, b"Accessions of different kinds")
    name = ELEMENT[shown[0][0]]
    root = Element(f"{name}_SET")
    for result, row in shown:
        identifiers = [row[KEY[result]]]
        if result in ("study", "sample"):
            identifiers = [*filter(None, row[f"secondary_{KEY[result]}"].split(";")), *identifiers]
        record = SubElement(root, name, accession=identifiers[0])
        listed = SubElement(record, "IDENTIFIERS")
        for place, accession in enumerate(identifiers):
            SubElement(listed, "PRIMARY_ID" if place == 0 else "SECONDARY_ID").text = accession
        SubElement(record, "TITLE").text = next((row[title] for title in TITLES if row.get(title)), "")
        attributes = SubElement(record, f"{name}_ATTRIBUTES")
        cells = row | {"status": dataset.state_of(row).level}
        for tag, column in ATTRIBUTES.items():
            if cells.get(column):
                attribute = SubElement(attributes, f"{name}_ATTRIBUTE")
                SubElement(attribute, "TAG").text = tag
                SubElement(attribute, "VALUE").text = cells[column]
    return Answer(200, tostring(root, encoding="utf-8", xml_declaration=True), "application/xml")
