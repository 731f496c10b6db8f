"""From a curator's policies to planned analyses (``spec/catalogue.md`` §7.2, §9)."""

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from analyses.models import Analysis, AnalysisState, ExperimentType, PipelineVersion, ReasonCode, Study
from analyses.services.infer_experiment_types import inferred_runs, store_experiment_types
from analyses.states import move_analyses
from ena.models import Visibility

# The levels are read in the statement that copies them. What exists already is left as it is.
CREATE_SQL = """
WITH created AS (
  INSERT INTO analyses_analysis
    (study_id, study_visibility, sample_id, run_id, run_visibility, pipeline_version, experiment_type)
  SELECT r.study_id, r.study_visibility, r.sample_id, r.id, r.visibility, %(version)s, wanted.experiment_type
  FROM unnest(%(runs)s::bigint[], %(types)s::text[]) wanted (run_id, experiment_type)
  JOIN analyses_run r ON r.id = wanted.run_id
  ORDER BY r.id
  ON CONFLICT (run_id, pipeline_version) WHERE superseded_by_id IS NULL DO NOTHING
  RETURNING id
), told AS (
  INSERT INTO analyses_analysisevent (analysis_id, to_state, actor, evidence)
  SELECT id, 'planned', %(actor)s, %(evidence)s::jsonb FROM created ORDER BY id
)
SELECT id FROM created ORDER BY id
"""


class StudyNotAnalysable(Exception):
    """The study is refused as a whole; the message names it and says why."""


@dataclass
class PlannedAnalyses:
    """``created``, ``existing`` and ``blocked`` hold ids; blocked ones are also in one of the other two."""

    created: list[int] = field(default_factory=list)
    existing: list[int] = field(default_factory=list)
    blocked: list[int] = field(default_factory=list)
    excluded: list[tuple[str, str]] = field(default_factory=list)


def plan_analyses(
    *,
    study: Study,
    pipeline_version: str,
    experiment_types: Collection[str],
    strategy_policy: str,
    source_policy: str,
    expected: str | None = None,
    actor: object,
) -> PlannedAnalyses:
    """Store the experiment types of the study's runs, and plan one analysis for each run that has a wanted one.

    A run whose read files were refused gets a ``blocked`` analysis with the refusal. Safe to run twice: the second
    time everything is ``existing``.

    :param experiment_types: codes that the pipeline takes
    :param expected: the type to assume where ``strategy_policy`` allows it
    :raises StudyNotAnalysable: private without an owner, suppressed, or merged
    :raises ValueError: a policy, type or version that does not exist
    """
    policies = {"strategy_policy": strategy_policy, "source_policy": source_policy, "expected": expected}
    version = PipelineVersion(pipeline_version)
    wanted_types = {ExperimentType(code) for code in experiment_types}
    plan = PlannedAnalyses()
    with transaction.atomic():
        refuse_unfit(Study.objects.select_for_update(no_key=True).get(pk=study.pk))  # two plans of a study wait
        store_experiment_types(study, policies)
        wanted: dict[int, str] = {}
        refused: dict[str, list[int]] = defaultdict(list)
        for run, inferred in inferred_runs(study, policies):
            if run.visibility >= Visibility.SUPPRESSED:
                plan.excluded.append((run.first_accession, "suppressed"))
            elif inferred not in wanted_types:
                names = " or ".join(sorted(wanted_types))
                plan.excluded.append((run.first_accession, f"experiment type {inferred} is not {names}"))
            else:
                wanted[run.pk] = inferred
                if not run.fastq_files:
                    refused[run.inferred_metadata.get("fastq_refusal") or ReasonCode.NO_FASTQ].append(run.pk)
        plan.created = _create(wanted, version, actor, {**policies, "experiment_types": sorted(wanted_types)})
        planned = Analysis.objects.filter(run__in=wanted, pipeline_version=version, superseded_by=None)
        plan.existing = sorted(set(planned.values_list("pk", flat=True)) - set(plan.created))
        for refusal, runs in refused.items():
            plan.blocked += move_analyses(
                ids=planned.filter(run__in=runs).values_list("pk", flat=True),
                frm=AnalysisState.PLANNED,
                to=AnalysisState.BLOCKED,
                actor=actor,
                reason_code=refusal if refusal in ReasonCode.values else ReasonCode.CURATOR,
                note=f"no usable read files: {refusal}",
            )
    return plan


def refuse_unfit(study: Study) -> None:
    """:raises StudyNotAnalysable: it is merged, suppressed, or private without an owner"""
    if study.merged_into_id is not None:
        raise StudyNotAnalysable(f"study {study} was merged into another")
    if study.visibility == Visibility.SUPPRESSED:
        raise StudyNotAnalysable(f"study {study} is suppressed")
    if study.visibility == Visibility.PRIVATE and not (study.ena_study and study.ena_study.webin_owner):
        raise StudyNotAnalysable(f"study {study} is private and has no owner: nobody could see its results")


def _create(wanted: dict[int, str], version: str, actor: object, evidence: dict) -> list[int]:
    values: dict[str, Any] = {
        "runs": list(wanted),
        "types": [str(code) for code in wanted.values()],
        "version": str(version),
        "actor": str(actor),
        "evidence": json.dumps(evidence),
    }
    with connection.cursor() as cursor:
        cursor.execute(CREATE_SQL, values)
        return [row[0] for row in cursor.fetchall()]
