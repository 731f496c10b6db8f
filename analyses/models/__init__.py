from analyses.models.accession import Accession
from analyses.models.analysis import Analysis, AnalysisState, PipelineVersion
from analyses.models.analysis_request import AnalysisRequest, AnalysisRequestEvent, RequestState, RequestType
from analyses.models.annotation import AnnotationSet
from analyses.models.api_token import ApiToken
from analyses.models.assembly import Assembler, AssemblerName, Assembly, AssemblyRun, AssemblyState, Origin
from analyses.models.biome import Biome
from analyses.models.compute_resource_heuristic import ComputeResourceHeuristic, Process
from analyses.models.download import Download, DownloadFileType, DownloadType
from analyses.models.event import AnalysisEvent, AssemblyEvent, ReasonCode
from analyses.models.list_count import ListCount
from analyses.models.mirrored import ResultsArea
from analyses.models.publication import Publication, PublicationAnnotations, StudyPublication
from analyses.models.revoked_token import RevokedToken
from analyses.models.run import ExperimentType, Run
from analyses.models.sample import RelationType, Sample, SampleRelation, SampleStudy
from analyses.models.study import Study
from analyses.models.study_watcher import StudyWatcher
from analyses.models.super_study import LogoType, SuperStudy, SuperStudyStudy
from analyses.models.withdrawal import Withdrawal, WithdrawalCause
