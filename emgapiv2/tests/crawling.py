"""Every address of the API that reads, for the names of one thing or of none."""

from emgapiv2.tests.operations import PREFIX, document

MISSING = {
    "MGYS": "MGYS99999999",
    "MGYA": "MGYA99999999",
    "insdc": "PRJEB99999999",
    "sample": "SAMEA99999999",
    "run": "ERR99999999",
    "assembly": "ERZ99999999",
    "publication": 99_999_999,
    "alias": "missing.tsv",
}
NAMED = {"insdc": "insdc", "studies": "MGYS", "analyses": "MGYA", "samples": "sample", "runs": "run"}
NAMED |= {"accessions": "run", "assemblies": "assembly"}
FORMATS = ("tsv", "csv", "jsonl", "parquet")
NOUNS = ("studies", "samples", "runs", "assemblies", "analyses")


def reading():
    """(operationId, path template, its query parameters by name) of every GET."""
    for path, methods in document()["paths"].items():
        if "get" in methods:
            operation = methods["get"]
            query = {one["name"]: one["schema"] for one in operation.get("parameters", []) if one["in"] == "query"}
            yield operation["operationId"], path, query


def details(names, formats=FORMATS):
    """(operationId, address) of every GET on one thing, tables in these formats."""
    for operation, path, query in reading():
        noun = "insdc" if "/insdc/" in path else path.split("/")[3]
        if "{accession}" in path or "{pubmed_id}" in path:
            filled = {"accession": names[NAMED.get(noun, "MGYS")], "pubmed_id": names["publication"]}
            url = path.format(**filled, alias=names["alias"], annotation_type="taxonomies__ssu")
            more = "&metadata=true" if "metadata" in query else ""
            forms = [f"?format={one}{more}" for one in formats] if "format" in query else [""]
            yield from ((operation, f"{url}{form}") for form in forms)


def lists():
    """(operationId, address, its query parameters) of every GET that names no thing."""
    for operation, path, query in reading():
        if "{noun}" in path:
            yield from ((operation, path.format(noun=noun), query) for noun in NOUNS)
        elif "{" not in path:
            yield operation, path, query
    yield "feed", f"{PREFIX}/rss/studies/", {}
    yield "index", f"{PREFIX}/", {}


def told(answer):
    """All that a caller can tell by: without the request's own id."""
    headers = {name: value for name, value in answer.items() if name != "X-Request-Id"}
    body = answer.getvalue() if answer.streaming else answer.content
    return answer.status_code, headers, body.replace(answer["X-Request-Id"].encode(), b"")
