"""The shapes of deployments, flow runs and questions (``spec/api-v2.md`` §12.1)."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.conf import settings
from ninja import Field, Schema
from pydantic import StringConstraints

from emgapiv2.api.rendering import JsonObject, Text, Time
from workflows.models import Decision, FlowRun
from workflows.models.flow_run import FINAL
from workflows.selectors.flow_runs import what_it_waits_for

FlowRunState = Literal[
    "requested", "launched", "running", "suspended", "completed", "failed", "crashed", "cancelled", "refused"
]


class Deployment(Schema):
    """What may be started, with the JSON Schema of its parameters."""

    name: str
    title: str
    parameters: dict[str, Any]


class Launch(Schema):
    deployment: str
    parameters: JsonObject = {}
    note: Annotated[Text, StringConstraints(max_length=500)] = ""


class Answer(Schema):
    answer: JsonObject


class Question(Schema):
    """What a flow asks a person. ``form``: JSON Schema of the answer; ``refused``: why the last one was not taken."""

    id: UUID
    question: str
    subject: str
    why: str
    form: dict[str, Any]
    initial: dict[str, Any]
    refused: str
    asked_at: Time
    prefect_id: UUID | None = Field(None, alias="flow_run.prefect_id")
    answer: dict[str, Any] | None
    answered_by: str
    answered_at: Time | None
    via: str


class Awaited(Schema):
    kind: str
    name: str
    state: str


class Event(Schema):
    at: Time
    kind: str
    actor: str
    from_state: str | None
    to_state: str | None


class FlowRunSummary(Schema):
    id: UUID
    deployment: str
    parameters: dict[str, Any]
    state: FlowRunState
    requested_by: str
    because: str
    error: str
    suspensions: int
    created_at: Time
    ended_at: Time | None
    links: dict[str, str | None]

    @staticmethod
    def resolve_state(run: FlowRun) -> str:
        return FlowRun.State.REQUESTED if run.state == FlowRun.State.LAUNCHING else run.state

    @staticmethod
    def resolve_links(run: FlowRun) -> dict[str, str | None]:
        urls = settings.EMG_CONFIG.service_urls
        api = f"{urls.site_url}/{urls.api_prefixes[0].strip('/')}"
        return {
            "self": f"{api}/flow-runs/{run.id}",
            "study": f"{api}/studies/{run.study.accession}" if run.study else None,
            "prefect": f"{urls.prefect_ui_url}/runs/flow-run/{run.prefect_id}" if run.prefect_id else None,
            "admin": f"{urls.site_url}/admin/workflows/flowrun/{run.id}/change/",
        }


class FlowRunDetail(FlowRunSummary):
    """With what the run waits for, what it asks, and what has happened to it, oldest first."""

    waiting_for: list[Awaited]
    questions: list[Question]
    events: list[Event]

    @staticmethod
    def resolve_waiting_for(run: FlowRun) -> list[dict[str, str]]:
        return what_it_waits_for(run)

    @staticmethod
    def resolve_questions(run: FlowRun) -> list[Decision]:
        if run.state in FINAL:
            return []
        return list(run.decisions.filter(answer__isnull=True).select_related("flow_run").order_by("asked_at", "id"))

    @staticmethod
    def resolve_events(run: FlowRun) -> list[Any]:
        return list(run.events.order_by("id"))
