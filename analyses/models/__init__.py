from analyses.models.accession import Accession
from analyses.models.analysis import Analysis, AnalysisState, PipelineVersion
from analyses.models.annotation import AnnotationSet
from analyses.models.api_token import ApiToken
from analyses.models.biome import Biome
from analyses.models.download import Download, DownloadFileType, DownloadType
from analyses.models.event import AnalysisEvent, ReasonCode
from analyses.models.list_count import ListCount
from analyses.models.mirrored import ResultsArea
from analyses.models.revoked_token import RevokedToken
from analyses.models.run import ExperimentType, Run
from analyses.models.sample import Sample, SampleStudy
from analyses.models.study import Study

__all__ = [
    "Accession",
    "Analysis",
    "AnalysisEvent",
    "AnalysisState",
    "AnnotationSet",
    "ApiToken",
    "Biome",
    "Download",
    "DownloadFileType",
    "DownloadType",
    "ExperimentType",
    "ListCount",
    "PipelineVersion",
    "ReasonCode",
    "ResultsArea",
    "RevokedToken",
    "Run",
    "Sample",
    "SampleStudy",
    "Study",
]
