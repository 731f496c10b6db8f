"""The OpenAPI document: ninja's, completed to that of the public service (``spec/api-v2.md`` §14)."""

from collections.abc import Iterator
from typing import Any

from ninja import NinjaAPI

SCHEMAS = "#/components/schemas/"
NAMES = {"PipelineVersion": "PipelineVersions", "ExperimentType": "ExperimentTypes"}
ANYBODY = [{"SessionAuthSuperUser": []}, {"ApiToken": []}, {}]
OF_PATH, FIRST_ITEM = "$request.path.accession", "$response.body#/items/0/"
# Operation → name of the link → the operation it leads to, and where that one's accession is found.
LINKS = {
    "get_mgnify_study_accession_by_insdc_accession": {
        "GetStudyForStudyAccession": ("get_mgnify_study", "$response.body#/accession"),
    },
    "list_mgnify_study_analyses": {
        "GetAnalysisFromStudyItemsList": ("get_mgnify_analysis", f"{FIRST_ITEM}accession"),
    },
    "list_mgnify_study_samples": {"GetSampleFromStudyItemsList": ("get_mgnify_sample", f"{FIRST_ITEM}accession")},
    "get_mgnify_sample": {
        "GetRunsForSample": ("list_sample_runs", OF_PATH),
        "GetStudyFromSampleStudiesList": ("get_mgnify_study", "$response.body#/studies/0/accession"),
    },
    "list_sample_runs": {"GetRunFromSampleItemsList": ("get_analysed_run", f"{FIRST_ITEM}accession")},
    "list_analysed_runs": {
        "GetRunForRun": ("get_analysed_run", f"{FIRST_ITEM}accession"),
        "GetSampleForRun": ("get_mgnify_sample", f"{FIRST_ITEM}sample_accession"),
        "GetStudyForRun": ("get_mgnify_study", f"{FIRST_ITEM}study_accession"),
    },
    "get_analysed_run": {
        "GetAnalysesForRun": ("list_runs_analyses", OF_PATH),
        "GetSampleForRun": ("get_mgnify_sample", "$response.body#/sample_accession"),
        "GetStudyForRun": ("get_mgnify_study", "$response.body#/study_accession"),
    },
    "list_runs_analyses": {"GetAnalysisFromRunItemsList": ("get_mgnify_analysis", f"{FIRST_ITEM}accession")},
    "get_mgnify_analysis": {"GetStudyForAnalysis": ("get_mgnify_study", "$response.body#/study_accession")},
}


class MGnifyAPI(NinjaAPI):
    def get_openapi_schema(self, **where: Any) -> dict[str, Any]:
        """The document, under the canonical prefix."""
        document = _with_contract_names(dict(super().get_openapi_schema(**where)))
        for methods in document["paths"].values():
            for operation in methods.values():
                _complete(operation)
        document["components"]["schemas"] = _used_schemas(document)
        return document


def _complete(operation: dict[str, Any]) -> None:
    operation.setdefault("security", ANYBODY)
    if links := LINKS.get(operation["operationId"]):
        operation["responses"][200]["links"] = {
            name: {"operationId": target, "parameters": {"accession": place}} for name, (target, place) in links.items()
        }


def _with_contract_names(node: Any) -> Any:
    if isinstance(node, dict):
        return {NAMES.get(key, key): _with_contract_names(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_with_contract_names(item) for item in node]
    if isinstance(node, str) and node.startswith(SCHEMAS):
        name = node.removeprefix(SCHEMAS)
        return SCHEMAS + NAMES.get(name, name)
    return node


def _used_schemas(document: dict[str, Any]) -> dict[str, Any]:
    """Without those that ninja keeps of parsing queries."""
    schemas = document["components"]["schemas"]
    used: set[str] = set()
    found = set(_references(document["paths"]))
    while found:
        used |= found
        found = {name for one in found for name in _references(schemas[one])} - used
    return {name: schema for name, schema in schemas.items() if name in used}


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value.removeprefix(SCHEMAS)
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)
