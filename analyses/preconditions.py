"""What a move needs besides being in the table of moves (``spec/catalogue.md`` §6.3, §6.4)."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q

from analyses.models import (
    Analysis,
    AnalysisState,
    AnnotationSet,
    Assembly,
    AssemblyState,
    Download,
    ReasonCode,
    ResultsArea,
)

S, A = AnalysisState, AssemblyState
NEEDS_A_REASON = frozenset({S.BLOCKED, S.QC_FAILED, S.FAILED, S.CHECK_FAILED}) | frozenset(
    {A.METADATA_REJECTED, A.DATA_REJECTED, A.PRE_QC_FAILED, A.POST_QC_FAILED, A.UPLOAD_FAILED, A.UPLOAD_BLOCKED}
)
HAS_WORDS_OF_THE_PIPELINE = frozenset({S.COMPLETED, S.QC_FAILED}) | frozenset({A.PRE_QC_FAILED, A.POST_QC_FAILED})


class PreconditionFailed(Exception):
    """The move exists, but not yet for this row. ``failures`` lists everything that is missing."""

    def __init__(self, failures: list[str]) -> None:
        self.failures = failures
        super().__init__("; ".join(failures))


def faults_of_move(to: str, reason_code: str | None, cluster_job_id: UUID | str | None) -> list[str]:
    """Everything that is missing for a move to this state, whichever row it is."""
    faults = []
    if to in NEEDS_A_REASON and not reason_code:
        faults.append(f"a move to {to} needs a reason_code")
    if reason_code and to not in HAS_WORDS_OF_THE_PIPELINE and reason_code not in ReasonCode.values:
        faults.append(f"reason_code {reason_code!r} is not one of {', '.join(ReasonCode.values)}")
    if to == S.RUNNING and cluster_job_id is None:
        faults.append("a move to running needs the cluster_job_id of a recorded intent")
    return faults


def assembly_faults(assembly: Assembly, to: str, reason_code: str | None) -> list[str]:
    """What keeps an assembly from being called uploaded, or from being taken back: a dry run gets no accession."""
    faults = []
    if to == A.UPLOADED and not assembly.first_accession:
        faults.append("an uploaded assembly has an accession")
    if assembly.state == A.UPLOADED and reason_code != ReasonCode.CURATOR:
        faults.append("only a curator takes an uploaded assembly back")
    return faults


def publication_faults(analysis: Analysis, required_sources: Collection[str] | None) -> list[str]:
    """Everything that keeps an analysis from being published (§6.3).

    :param required_sources: annotation sources that the pipeline declares as required; None = nobody said
    """
    study = analysis.study
    unverified = Download.objects.filter(analysis=analysis, superseded_by=None, path__isnull=False).filter(
        Q(size_bytes=None) | Q(sha256=None) | Q(md5=None) | Q(verified_at=None)
    )
    present = set(AnnotationSet.objects.filter(analysis=analysis).values_list("source", flat=True))
    faults = {
        f"study {study} has no biome": study.biome_id is None,
        f"study {study} was merged into another": study.merged_into_id is not None,
        "results_area is none": analysis.results_area == ResultsArea.NONE,
        "external_results_dir is not set": not analysis.external_results_dir,
        "evidence does not name the required_sources": required_sources is None,
    }
    return [
        *(fault for fault, holds in faults.items() if holds),
        *(
            f"download {alias} is not verified"
            for alias in unverified.order_by("position").values_list("alias", flat=True)
        ),
        *(f"no annotations from {source}" for source in sorted(set(required_sources or ()) - present)),
    ]
