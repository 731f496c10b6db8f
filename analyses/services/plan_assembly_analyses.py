"""Analyses of a study's assemblies (``spec/pipelines.md`` §4.6)."""

import json
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from analyses.models import Assembly, AssemblyState, PipelineVersion, Study
from analyses.services.plan_analyses import PlannedAnalyses, refuse_unfit
from ena.models import Visibility

KIND = "primary metagenome"
IN_ENA = [AssemblyState.UPLOADED, AssemblyState.EXTERNAL]

# The levels are read in the statement that copies them. What exists already is left as it is.
CREATE_SQL = """
WITH created AS (
  INSERT INTO analyses_analysis
    (study_id, study_visibility, sample_id, assembly_id, assembly_visibility, pipeline_version, experiment_type)
  SELECT s.id, s.visibility, a.sample_id, a.id, a.visibility, %(version)s, 'ASSEM'
  FROM analyses_study s, analyses_assembly a WHERE s.id = %(study)s AND a.id = ANY (%(assemblies)s)
  ORDER BY a.id
  ON CONFLICT (assembly_id, pipeline_version) WHERE superseded_by_id IS NULL DO NOTHING
  RETURNING id
), told AS (
  INSERT INTO analyses_analysisevent (analysis_id, to_state, actor, evidence)
  SELECT id, 'planned', %(actor)s, %(evidence)s::jsonb FROM created ORDER BY id
)
SELECT id FROM created ORDER BY id
"""


@transaction.atomic
def plan_assembly_analyses(
    *,
    study: Study,
    pipeline_version: str,
    contaminant_reference: str | None = None,
    at_most: int | None = None,
    actor: object,
) -> PlannedAnalyses:
    """Plan one analysis for each assembly of the study that ENA has as a primary metagenome. Safe to run twice.

    :param contaminant_reference: of the assemblies that name none themselves
    :param at_most: analyses of the study, those that are there included; None = no limit
    :raises StudyNotAnalysable: private without an owner, suppressed, or merged
    """
    version, plan = PipelineVersion(pipeline_version), PlannedAnalyses()
    refuse_unfit(Study.objects.select_for_update(no_key=True).get(pk=study.pk))
    wanted = []
    for assembly in Assembly.objects.filter(Q(assembly_study=study) | Q(reads_study=study)).order_by("pk"):
        if why := _exclusion(assembly):
            plan.excluded.append((str(assembly), why))
        else:
            wanted.append(assembly)
    plan.excluded += [(str(assembly), f"over the limit of {at_most}") for assembly in wanted[at_most:] if at_most]
    wanted = wanted[:at_most]
    if contaminant_reference:
        for assembly in wanted:
            if not assembly.metadata.get("contaminant_reference"):
                assembly.metadata["contaminant_reference"] = contaminant_reference
        Assembly.objects.bulk_update(wanted, ["metadata"], batch_size=500)
    values: dict[str, Any] = {
        "study": study.pk,
        "assemblies": [assembly.pk for assembly in wanted],
        "version": str(version),
        "actor": str(actor),
        "evidence": json.dumps({"contaminant_reference": contaminant_reference}),
    }
    with connection.cursor() as cursor:
        cursor.execute(CREATE_SQL, values)
        plan.created = [row[0] for row in cursor.fetchall()]
    return plan


def _exclusion(assembly: Assembly) -> str:
    """Why an assembly is not analysed; empty where it is."""
    kind = assembly.metadata.get("assembly_type")
    faults = {
        "suppressed": assembly.visibility >= Visibility.SUPPRESSED,
        f"it is {assembly.state}": assembly.state not in IN_ENA,
        f"it is a {kind}, not a {KIND}": kind not in (None, "", KIND),
        "it has no sample": assembly.sample_id is None,
        "neither ENA nor we have a file of it": not (assembly.metadata.get("generated_ftp") or assembly.dir),
    }
    return next((why for why, holds in faults.items() if holds), "")
