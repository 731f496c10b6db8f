"""From a curator's settings to assemblies that are to be made (``spec/pipelines.md`` §4.5)."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.db import connection, transaction
from packaging.version import Version

from analyses.models import Assembler, AssemblerName, AssemblyRun, AssemblyState, ExperimentType, Origin, Run, Study
from analyses.services.infer_experiment_types import inferred_runs, store_experiment_types
from analyses.services.plan_analyses import refuse_unfit
from ena.models import Visibility

N = AssemblerName
LONG_READS = frozenset({"PACBIO_SMRT", "OXFORD_NANOPORE"})
# What the assembler pipeline ships; the one that made an assembly is recorded when it is there.
VERSIONS = {N.METASPADES: "3.15.5", N.SPADES: "3.15.5", N.MEGAHIT: "1.2.9", N.FLYE: "2.9"}
IN_ENA = [AssemblyState.UPLOADED, AssemblyState.EXTERNAL]

# The levels are read in the statement that copies them. What is planned or made already is left as it is.
CREATE_SQL = """
WITH made AS (
  INSERT INTO analyses_assembly
    (reads_study_id, reads_study_visibility, sample_id, sample_visibility, assembler_id, runs_key, metadata,
     runs_visibility, ena_accessions, inferred_metadata, own_visibility)
  SELECT r.study_id, r.study_visibility, r.sample_id, r.sample_visibility, w.assembler_id, w.runs_key, %(metadata)s,
         r.visibility, '{}', '{}', 0
  FROM unnest(%(runs)s::bigint[], %(keys)s::text[], %(assemblers)s::bigint[]) w (run_id, runs_key, assembler_id)
  JOIN analyses_run r ON r.id = w.run_id ORDER BY r.id
  ON CONFLICT (reads_study_id, assembler_id, runs_key) WHERE origin = 'mgnify' DO NOTHING
  RETURNING id, runs_key
), linked AS (
  INSERT INTO analyses_assemblyrun (assembly_id, run_id, run_visibility, position)
  SELECT made.id, r.id, r.visibility, 1
  FROM made JOIN unnest(%(runs)s::bigint[], %(keys)s::text[]) w (run_id, runs_key) USING (runs_key)
  JOIN analyses_run r ON r.id = w.run_id
), told AS (
  INSERT INTO analyses_assemblyevent (assembly_id, to_state, actor, evidence)
  SELECT id, 'planned', %(actor)s, %(evidence)s FROM made ORDER BY id
)
SELECT id FROM made ORDER BY id
"""


@dataclass
class PlannedAssemblies:
    """``created`` holds ids; ``skipped`` runs with the reason."""

    created: list[int] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


@transaction.atomic
def plan_assemblies(
    *,
    study: Study,
    experiment_types: Collection[str],
    assembler: str | None,
    strategy_policy: str,
    source_policy: str,
    expected: str | None = None,
    contaminant_reference: str | None = None,
    actor: object,
) -> PlannedAssemblies:
    """Plan one assembly for each run of a wanted type that has none in ENA. Safe to run twice.

    :param assembler: None: the one that suits each run
    :param expected: the type to assume where ``strategy_policy`` allows it
    :param contaminant_reference: file of a host's genome; None: each sample's own host
    :raises StudyNotAnalysable: private without an owner, suppressed, or merged
    """
    policies = {"strategy_policy": strategy_policy, "source_policy": source_policy, "expected": expected}
    wanted_types = {ExperimentType(code) for code in experiment_types}
    refuse_unfit(Study.objects.select_for_update(no_key=True).get(pk=study.pk))  # two plans of a study wait
    store_experiment_types(study, policies)
    in_ena = AssemblyRun.objects.filter(run__study=study, assembly__state__in=IN_ENA)
    there = set(in_ena.values_list("run_id", flat=True))
    of_ours = AssemblyRun.objects.filter(run__study=study, assembly__origin=Origin.MGNIFY)
    ours = set(of_ours.values_list("run_id", "assembly__assembler__name"))  # in whatever version
    plan, wanted, made_by = PlannedAssemblies(), {}, cache(newest_assembler)
    for run, inferred in inferred_runs(study, policies):
        if inferred not in wanted_types:
            why = f"experiment type {inferred} is not {' or '.join(sorted(wanted_types))}"
        elif run.visibility >= Visibility.SUPPRESSED:
            why = "suppressed"
        elif run.pk in there:
            why = "it has an assembly in ENA"
        elif not run.fastq_files:
            why = run.inferred_metadata.get("fastq_refusal") or "no read files"
        elif (run.pk, name := assembler or choose_assembler(run)) in ours:
            why = f"it has an assembly of ours by {name}"
        else:
            wanted[run.pk] = (run.first_accession, made_by(name).pk)
            continue
        plan.skipped.append((run.first_accession, why))
    metadata = {"contaminant_reference": contaminant_reference} if contaminant_reference else {}
    values: dict[str, Any] = {
        "runs": list(wanted),
        "keys": [runs_key(accession) for accession, _ in wanted.values()],
        "assemblers": [pk for _, pk in wanted.values()],
        "metadata": json.dumps(metadata),
        "actor": str(actor),
        "evidence": json.dumps(policies | {"assembler": assembler}),
    }
    with connection.cursor() as cursor:
        cursor.execute(CREATE_SQL, values)
        plan.created = [row[0] for row in cursor.fetchall()]
    return plan


def choose_assembler(run: Run) -> str:
    """The one that suits a run (``spec/catalogue.md`` §5.5)."""
    paired = sum(file["role"] != "other" for file in run.fastq_files) > 1
    if run.instrument_platform in LONG_READS:
        return N.FLYE
    if paired:
        return N.METASPADES
    return N.SPADES if run.instrument_platform == "ION_TORRENT" else N.MEGAHIT


def newest_assembler(name: str) -> Assembler:
    """By version, so that 3.15 is newer than 3.9."""
    known = sorted(Assembler.objects.filter(name=name), key=lambda one: Version(one.version))
    return known[-1] if known else Assembler.objects.create(name=name, version=VERSIONS[N(name)])


def runs_key(*accessions: str) -> str:
    return hashlib.sha1(",".join(sorted(accessions)).encode(), usedforsecurity=False).hexdigest()
