"""What a curator's policies make of the runs of a study (``spec/catalogue.md`` §7.2)."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from django.db import connection
from django.db.models import Count

from analyses.experiment_type import infer_experiment_type
from analyses.models import ExperimentType, Run, Study
from ena.models import Visibility

LIBRARY = ("library_strategy", "library_source", "scientific_name")
# Rows are compared as text: that tells NULL from empty, and can be hashed.
STORE_SQL = """
UPDATE analyses_run r SET experiment_type = k.type, inferred_metadata = r.inferred_metadata || k.evidence
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::jsonb[]) k (strategy, source, name, type, evidence)
WHERE r.study_id = %s
  AND (r.library_strategy, r.library_source, r.scientific_name)::text = (k.strategy, k.source, k.name)::text
  AND (k.type <> 'UNKNO' OR r.experiment_type = 'UNKNO')
  AND NOT (r.experiment_type = k.type AND r.inferred_metadata @> k.evidence)
"""


class SelectionRow(NamedTuple):
    """A line of the table that a curator chooses policies by."""

    library_strategy: str
    library_source: str
    experiment_type: str
    n: int


def preview_selection(
    *, study: Study, strategy_policy: str, source_policy: str, expected: str | None = None
) -> list[SelectionRow]:
    """What the policies would make of the study's runs, largest group first; nothing is written.

    :raises ValueError: a policy that does not exist, or one that needs ``expected``
    """
    policies = {"strategy_policy": strategy_policy, "source_policy": source_policy, "expected": expected}
    counts = Counter(
        (run.library_strategy or "", run.library_source or "", inferred.value)
        for run, inferred in inferred_runs(study, policies)
        if run.visibility < Visibility.SUPPRESSED
    )
    return [SelectionRow(*group, n) for group, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def inferred_runs(study: Study, policies: dict) -> Iterator[tuple[Run, ExperimentType]]:
    names = ("study", "first_accession", "visibility", "instrument_platform", "fastq_files", "inferred_metadata")
    runs = study.runs.only(*names, *LIBRARY)
    for run in runs.order_by("pk").iterator():
        yield run, _infer((run.library_strategy, run.library_source, run.scientific_name), policies)


def _infer(library: tuple, policies: dict) -> ExperimentType:
    strategy, source, scientific_name = library
    return infer_experiment_type(strategy=strategy, source=source, scientific_name=scientific_name, **policies)


def infer_again(study: Study) -> None:
    """Judge runs that are new, or described anew, by the policies that most runs of the study were judged by."""
    policies = study.runs.values_list("inferred_metadata__experiment_type_evidence__policies", flat=True)
    judged = policies.exclude(inferred_metadata__experiment_type_evidence=None).order_by()
    if chosen := judged.annotate(times=Count("pk")).order_by("-times").first():
        store_experiment_types(study, chosen)


def store_experiment_types(study: Study, policies: dict) -> None:
    """One UPDATE for all kinds of library. A known type is never lowered to unknown; equal rows are not written."""
    kinds = []
    for library in study.runs.order_by().values_list(*LIBRARY).distinct():
        inferred = _infer(library, policies).value
        facts = dict(zip(("strategy", "source", "name"), library, strict=True))
        evidence = {"experiment_type_evidence": {**facts, "policies": policies, "rule": inferred}}
        kinds.append((*library, inferred, json.dumps(evidence)))
    if kinds:
        with connection.cursor() as cursor:
            cursor.execute(STORE_SQL, [*map(list, zip(*kinds, strict=True)), study.pk])
