"""The OpenAPI document: ninja's, completed to that of the public service (``spec/api-v2.md`` §14)."""

import json
import re
from http import HTTPStatus
from typing import Any

from ninja import NinjaAPI
from ninja.operation import Operation
from pydantic.json_schema import models_json_schema

from emgapiv2.api.rendering import ErrorDetail, TokenError, ValidationError

REFERENCE_TO = "#/components/schemas/{model}"
REFERENCE = re.compile(r'"#/components/schemas/([^"]+)"')
NAMES = {"PipelineVersion": "PipelineVersions", "ExperimentType": "ExperimentTypes"}
ANYBODY: list[dict[str, list[str]]] = [{"WebinJWTAuth": []}, {"SessionAuthSuperUser": []}, {"ApiToken": []}, {}]
OF_PATH, OF_BODY, FIRST_ITEM = "$request.path.accession", "$response.body#/", "$response.body#/items/0/"
# Operation, name of the link, the operation it leads to, and where that one's accession is found.
LINKS = [
    (
        "get_mgnify_study_accession_by_insdc_accession",
        "GetStudyForStudyAccession",
        "get_mgnify_study",
        f"{OF_BODY}accession",
    ),
    ("list_mgnify_study_analyses", "GetAnalysisFromStudyItemsList", "get_mgnify_analysis", f"{FIRST_ITEM}accession"),
    ("list_mgnify_study_samples", "GetSampleFromStudyItemsList", "get_mgnify_sample", f"{FIRST_ITEM}accession"),
    ("get_mgnify_sample", "GetRunsForSample", "list_sample_runs", OF_PATH),
    ("get_mgnify_sample", "GetStudyFromSampleStudiesList", "get_mgnify_study", f"{OF_BODY}studies/0/accession"),
    ("list_sample_runs", "GetRunFromSampleItemsList", "get_analysed_run", f"{FIRST_ITEM}accession"),
    ("list_analysed_runs", "GetRunForRun", "get_analysed_run", f"{FIRST_ITEM}accession"),
    ("list_analysed_runs", "GetSampleForRun", "get_mgnify_sample", f"{FIRST_ITEM}sample_accession"),
    ("list_analysed_runs", "GetStudyForRun", "get_mgnify_study", f"{FIRST_ITEM}study_accession"),
    ("get_analysed_run", "GetAnalysesForRun", "list_runs_analyses", OF_PATH),
    ("get_analysed_run", "GetSampleForRun", "get_mgnify_sample", f"{OF_BODY}sample_accession"),
    ("get_analysed_run", "GetStudyForRun", "get_mgnify_study", f"{OF_BODY}study_accession"),
    ("list_runs_analyses", "GetAnalysisFromRunItemsList", "get_mgnify_analysis", f"{FIRST_ITEM}accession"),
    ("get_mgnify_analysis", "GetStudyForAnalysis", "get_mgnify_study", f"{OF_BODY}study_accession"),
    ("get_mgnify_sample", "GetAssembliesForSample", "list_sample_assemblies", OF_PATH),
    ("list_sample_assemblies", "GetAssemblyFromSampleItemsList", "get_assembly", f"{FIRST_ITEM}accession"),
    ("get_analysed_run", "GetAssembliesForRun", "list_runs_assemblies", OF_PATH),
    ("list_runs_assemblies", "GetAssemblyFromRunItemsList", "get_assembly", f"{FIRST_ITEM}accession"),
    ("get_assembly", "GetStudyForAnalysis", "get_mgnify_sample", f"{OF_BODY}sample_accession"),
    ("get_assembly", "GetStudyForAssembly", "get_mgnify_study", f"{OF_BODY}reads_study_accession"),
    ("get_assembly", "GetGenomelinksForAssembly", "list_genome_links_for_assembly", OF_PATH),
    (
        "get_assembly",
        "GetAdditionalcontainedgenomesForAssembly",
        "list_additional_contained_genomes_for_assembly",
        OF_PATH,
    ),
    (
        "list_mgnify_study_publications",
        "GetPublicationFromStudyItemsList",
        "get_mgnify_publication",
        f"{FIRST_ITEM}pubmed_id",
    ),
    ("list_super_studies", "GetSuperStudyFromSuperStudyItemsList", "get_super_study", f"{FIRST_ITEM}slug"),
    (
        "get_super_study",
        "GetStudyFromSuperStudyFlagshipStudiesList",
        "get_mgnify_study",
        f"{OF_BODY}flagship_studies/0/accession",
    ),
    (
        "get_super_study",
        "GetStudyFromSuperStudyRelatedStudiesList",
        "get_mgnify_study",
        f"{OF_BODY}related_studies/0/accession",
    ),
]
HEADERS = {
    "ETag": "Of the bytes; of a table, of its question and its newest row.",
    "Last-Modified": "When what is shown changed last.",
    "Link": "The neighbours of a page, as `next` and `previous` in its body.",
    "X-Count": "`estimate` where `count` is one.",
    "X-Updated-Through": "The `updated_since` to ask with next.",
    "Retry-After": "Seconds to wait.",
    "WWW-Authenticate": "What kind of token would be taken.",
}
ANY_TIME = {"429": "Too many requests.", "500": "A fault of ours.", "503": "Not now; please try again."}
FOUND_BY = {"get_mgnify_publication": "pubmed_id", "get_super_study": "slug"}  # all others by accession


class MGnifyAPI(NinjaAPI):
    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Routes have the names of the public document."""
        return operation.view_func.__name__

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: dict | None = None) -> Any:
        """The document under the canonical prefix, as it is sent."""
        text = json.dumps(super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params))
        for ours, theirs in NAMES.items():
            text = re.sub(rf'(?<=["/]){ours}(?=")', theirs, text)
        document = json.loads(text)
        operations = {one["operationId"]: one for methods in document["paths"].values() for one in methods.values()}
        for operation in operations.values():
            operation["summary"], _, rest = " ".join(operation.pop("description").split()).partition(". ")
            if rest:
                operation["description"] = rest
            _complete_answers(operation)
        for operation, name, target, place in LINKS:
            links = operations[operation]["responses"]["200"].setdefault("links", {})
            links[name] = {"operationId": target, "parameters": {FOUND_BY.get(target, "accession"): place}}
        document["components"]["headers"] = {
            name: {"description": sentence, "schema": {"type": "string"}} for name, sentence in HEADERS.items()
        }
        document["components"]["schemas"] |= models_json_schema(
            [(one, "serialization") for one in (ErrorDetail, TokenError, ValidationError)], ref_template=REFERENCE_TO
        )[1]["$defs"]
        document["components"]["schemas"] = _used_schemas(document)
        return document


def _complete_answers(operation: dict[str, Any]) -> None:
    """Who may ask, all refusals that follow from that and from the parameters, and the headers of each answer."""
    is_locked = "security" in operation
    operation.setdefault("security", ANYBODY)
    answers = operation["responses"]
    refusals: dict[int, type] = {422: ValidationError}
    if any(one["in"] == "path" for one in operation["parameters"]):
        refusals |= {404: ErrorDetail} | ({} if is_locked else {401: TokenError})
    if is_locked and operation["security"] != [{}]:
        refusals |= {401: ErrorDetail, 403: ErrorDetail}
    for number, schema in refusals.items():
        answers.setdefault(str(number), _answer(HTTPStatus(number).phrase, schema))
    for status, sentence in ANY_TIME.items():
        answers.setdefault(status, _answer(sentence, ErrorDetail))
    parameters = {one["name"] for one in operation["parameters"]}
    of_lists = {"Link": "page_size", "X-Count": "page", "X-Updated-Through": "updated_since"}
    found = [name for name, parameter in of_lists.items() if parameter in parameters]
    is_detail = parameters & {"accession", "pubmed_id", "slug"} and "page_size" not in parameters
    names = {"401": ["WWW-Authenticate"], "429": ["Retry-After"], "503": ["Retry-After"]}
    if "requestBody" not in operation:
        names["200"] = ["ETag", *(["Last-Modified"] if is_detail else []), *found]
    for status in names.keys() & answers.keys():
        answers[status]["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names[status]}


def _answer(description: str, schema: type) -> dict[str, Any]:
    reference = {"$ref": REFERENCE_TO.format(model=schema.__name__)}
    return {"description": description, "content": {"application/json": {"schema": reference}}}


def _used_schemas(document: dict[str, Any]) -> dict[str, Any]:
    """Without those that ninja keeps of parsing queries."""
    schemas = document["components"]["schemas"]
    used: set[str] = set()
    found = set(REFERENCE.findall(json.dumps(document["paths"])))
    while found:
        used |= found
        found = set(REFERENCE.findall(json.dumps([schemas[name] for name in found]))) - used
    return {name: schema for name, schema in schemas.items() if name in used}
