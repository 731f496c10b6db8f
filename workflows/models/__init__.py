"""All tables of the workflows room: ``spec/cluster-jobs.md`` §1."""

from workflows.models.attempt import ClusterJobAttempt
from workflows.models.attention import Attention
from workflows.models.batch import Batch, BatchMember
from workflows.models.cluster_job import ClusterJob
from workflows.models.decision import Decision
from workflows.models.duty import Duty
from workflows.models.event import WorkEvent
from workflows.models.flow_run import FlowCall, FlowRun
from workflows.models.notice import Notice
from workflows.models.pipeline_run import PipelineRun, PipelineTask

__all__ = [
    "Attention",
    "Batch",
    "BatchMember",
    "ClusterJob",
    "ClusterJobAttempt",
    "Decision",
    "Duty",
    "FlowCall",
    "FlowRun",
    "Notice",
    "PipelineRun",
    "PipelineTask",
    "WorkEvent",
]
