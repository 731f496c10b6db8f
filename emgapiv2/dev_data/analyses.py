"""Analyses in each state, with files that can be fetched."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

from django.conf import settings

from analyses.models import Analysis, AnalysisState, ReasonCode, ResultsArea
from analyses.schemas import NewDownload
from analyses.selectors.studies import find
from analyses.services.import_results import ImportedResult, import_results
from analyses.services.plan_analyses import plan_analyses
from analyses.services.publish_analysis import area_for, publish_analysis
from analyses.states import move_analysis
from emgapiv2.dev_data.studies import AMPLICONS, METAGENOMES, MORE_METAGENOMES, PRIVATE

S = AnalysisState
SOURCE, TAXA = "taxonomies.ssu", [("sk__Bacteria;k__;p__Bacillota", 1204), ("sk__Archaea;k__;p__Thermoproteota", 87)]
# The way of the n-th analysis from planned; what is beyond them is published.
WAYS: list[list[tuple[S, str | None]]] = [
    [(S.BLOCKED, ReasonCode.CURATOR)],
    [(S.RUNNING, None), (S.QC_FAILED, ReasonCode.SEQFU_FAIL)],
    [(S.RUNNING, None), (S.FAILED, ReasonCode.OUT_OF_MEMORY)],
    [(S.COMPLETED, None), (S.CHECK_FAILED, ReasonCode.OUTPUTS_INVALID)],
    [(S.COMPLETED, None)],
]


def make_analyses(actor: str) -> None:
    """Amplicons and the private study's are published, metagenomes are in all other states that no job must hold."""
    for accession in (AMPLICONS, PRIVATE):
        for analysis in _plan(accession, actor):
            _publish(analysis, actor)
    made = [analysis for accession in (METAGENOMES, MORE_METAGENOMES) for analysis in _plan(accession, actor)]
    for analysis, way in zip(made, WAYS, strict=False):
        for to, reason in way:
            job = uuid4() if to == S.RUNNING else None
            move_analysis(analysis_id=analysis.pk, to=to, actor=actor, reason_code=reason, cluster_job_id=job)


def _plan(accession: str, actor: str) -> Iterable[Analysis]:
    """The new ones."""
    policies = {"strategy_policy": "only_if_correct_in_ena", "source_policy": "only_if_metagenomic_in_ena"}
    plan = plan_analyses(
        study=find(accession=accession),
        pipeline_version="V6",
        experiment_types=["AMPLI", "METAG", "METAT"],
        actor=actor,
        **policies,
    )
    return Analysis.objects.filter(pk__in=plan.created, state=S.PLANNED).order_by("pk")


def _publish(analysis: Analysis, actor: str) -> None:
    text = "count\ttaxonomy\n" + "".join(f"{count}\t{taxon}\n" for taxon, count in TAXA)
    download = NewDownload(
        path="taxonomy-summary/ssu.tsv",
        alias=f"{analysis.run}_SSU.tsv",
        file_type="tsv",
        download_type="Taxonomic analysis",
        download_group="taxonomies.closed_reference.ssu",
        short_description="SSU taxonomy",
        long_description="Reads of each taxon, by the SSU rRNA gene",
    )
    result = ImportedResult(
        annotations={SOURCE: [{"organism": taxon, "count": count} for taxon, count in TAXA]},
        quality_control={"before_filtering": {"total_reads": 2000}, "after_filtering": {"total_reads": 1291}},
        metadata={"marker_gene_summary": {"closed_reference": {"ssu": {"reads": 1291}}, "asv": {}}},
        downloads=[download],
    )
    move_analysis(analysis_id=analysis.pk, to=S.COMPLETED, actor=actor)
    import_results(analysis_id=analysis.pk, result=result, actor=actor)
    study, area = analysis.study.accession, area_for(analysis)
    folder = f"{study[:-3]}/{study}/{str(analysis.run)[:-3]}/{analysis.run}/{analysis.pipeline_version}"
    verified = {download.path: _write(area, f"{folder}/{download.path}", text.encode())}
    publish_analysis(
        analysis_id=analysis.pk,
        area=area,
        external_results_dir=folder,
        verified=verified,
        required_sources=[SOURCE],
        actor=actor,
    )


def _write(area: ResultsArea, path: str, data: bytes) -> tuple[int, str, str]:
    slurm = settings.EMG_CONFIG.slurm
    file = Path(slurm.ftp_results_dir if area == ResultsArea.PUBLIC else slurm.private_results_dir) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return len(data), hashlib.sha256(data).hexdigest(), hashlib.md5(data, usedforsecurity=False).hexdigest()
