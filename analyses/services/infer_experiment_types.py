"""What a curator's policies make of the runs of a study (``spec/catalogue.md`` §7.2)."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from django.db.models import F, Func, JSONField, Q, Value

from analyses.experiment_type import infer_experiment_type
from analyses.models import ExperimentType, Run, Study
from ena.models import Visibility

LIBRARY = ("library_strategy", "library_source", "scientific_name")


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
    runs = study.runs.only("study", "first_accession", "visibility", "fastq_files", "inferred_metadata", *LIBRARY)
    for run in runs.order_by("pk").iterator():
        yield run, _infer((run.library_strategy, run.library_source, run.scientific_name), policies)


def _infer(library: tuple, policies: dict) -> ExperimentType:
    strategy, source, scientific_name = library
    return infer_experiment_type(strategy=strategy, source=source, scientific_name=scientific_name, **policies)


def store_experiment_types(study: Study, policies: dict) -> None:
    """One UPDATE for each kind of library. A known type is never lowered to unknown; equal rows are not written."""
    for library in study.runs.order_by().values_list(*LIBRARY).distinct():
        inferred = _infer(library, policies)
        facts = dict(zip(("strategy", "source", "name"), library, strict=True))
        evidence = {"experiment_type_evidence": {**facts, "policies": policies, "rule": inferred.value}}
        runs = study.runs.filter(_same(library)).exclude(experiment_type=inferred, inferred_metadata__contains=evidence)
        if inferred is ExperimentType.UNKNOWN:
            runs = runs.filter(experiment_type=ExperimentType.UNKNOWN)
        merged = Func(
            F("inferred_metadata"), Value(evidence, JSONField()), template="(%(expressions)s)", arg_joiner=" || "
        )
        runs.update(experiment_type=inferred, inferred_metadata=merged)


def _same(library: tuple) -> Q:
    return Q(
        **{
            f"{name}__isnull" if value is None else name: True if value is None else value
            for name, value in zip(LIBRARY, library, strict=True)
        }
    )
