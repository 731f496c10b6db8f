"""Starting flows and following them (``spec/api-v2.md`` §12.1). Prefect is not known here: a request is a row."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Header, Router, Schema
from ninja.errors import HttpError
from pydantic import StringConstraints

from emgapiv2.api.auth import LAUNCHERS
from emgapiv2.api.pagination import NinjaPaginationResponseSchema as Page
from emgapiv2.api.pagination import Paging, page_of
from emgapiv2.api.rendering import ErrorDetail, ValidationDetail, or_404
from workflows.launchable import ParametersRefused, UnknownDeployment, checked_parameters, launchables
from workflows.models import FlowRun
from workflows.models.flow_run import FINAL
from workflows.selectors.flow_runs import what_it_waits_for
from workflows.services.flow_runs import ask_for_run, request_flow_cancel

router = Router(tags=["Automation"], auth=LAUNCHERS)
deployments = Router(tags=["Automation"], auth=LAUNCHERS)
DENIED = {401: ErrorDetail, 403: ErrorDetail, 422: ValidationDetail}
IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(max_length=255, pattern=r"^[ -~]+$")], Header(alias="Idempotency-Key")
]


class Launch(Schema):
    deployment: str
    parameters: dict[str, Any] = {}
    note: Annotated[str, StringConstraints(max_length=500)] = ""


class Awaited(Schema):
    kind: str
    name: str
    state: str


class Question(Schema):
    id: UUID
    question: str
    subject: str
    why: str
    form: dict[str, Any]
    initial: dict[str, Any]
    refused: str
    prefect_id: UUID | None


class FlowRunOut(Schema):
    id: UUID
    deployment: str
    parameters: dict[str, Any]
    state: str
    requested_by: str
    because: str
    error: str
    suspensions: int
    created_at: datetime
    ended_at: datetime | None
    waiting_for: list[Awaited]
    questions: list[Question]
    links: dict[str, str | None]

    @staticmethod
    def resolve_waiting_for(run: FlowRun) -> list[dict[str, str]]:
        return what_it_waits_for(run)

    @staticmethod
    def resolve_questions(run: FlowRun) -> list[dict[str, Any]]:
        if run.state in FINAL:
            return []
        open_questions = run.decisions.filter(answer=None).order_by("asked_at").values()
        return [question | {"prefect_id": run.prefect_id} for question in open_questions]

    @staticmethod
    def resolve_links(run: FlowRun) -> dict[str, str | None]:
        urls = settings.EMG_CONFIG.service_urls
        dashboard = f"{urls.prefect_ui_url}/runs/flow-run/{run.prefect_id}" if run.prefect_id else None
        return {"prefect": dashboard, "admin": f"{urls.site_url}/admin/workflows/flowrun/{run.id}/change/"}


class Deployment(Schema):
    name: str
    title: str
    parameters: dict[str, Any]


@deployments.get("/", response={200: list[Deployment], **DENIED}, operation_id="list_deployments")
def list_deployments(request: HttpRequest) -> list[dict[str, Any]]:
    """What may be started, with the JSON Schema of its parameters."""
    return [{"name": d.name, "title": d.title, "parameters": d.parameters.model_json_schema()} for d in launchables()]


@router.post(
    "/",
    response={202: FlowRunOut, 404: ErrorDetail, 409: ErrorDetail, **DENIED},
    operation_id="launch_flow_run",
    summary="Start a flow",
)
def launch_flow_run(request: HttpRequest, response: HttpResponse, key: IdempotencyKey, body: Launch) -> Any:
    """Ask for one run. The same key with the same body answers with the same run, however often it is sent."""
    actor = str(request.auth)
    run_key = f"{actor}:{key}"
    try:
        parameters = checked_parameters(body.deployment, body.parameters)
        run, _created = ask_for_run(
            deployment=body.deployment,
            parameters=parameters,
            source="api",
            run_key=run_key,
            actor=actor,
            because=body.note,
        )
    except UnknownDeployment as error:
        raise HttpError(404, str(error)) from error
    except ParametersRefused as error:
        raise HttpError(422, str(error)) from error
    if (run.source, run.run_key) != ("api", run_key):
        raise HttpError(409, f"{body.deployment} is already running for this subject, as {run.id} ({run.state})")
    if (run.deployment, run.parameters) != (body.deployment, parameters):
        raise HttpError(422, "Idempotency-Key: used before for another request")
    response["Location"] = request.build_absolute_uri(f"{request.path}{run.id}")
    return 202, run


@router.get(
    "/", response={200: Page[FlowRunOut], **DENIED}, operation_id="list_flow_runs", summary="Flow runs, newest first"
)
def list_flow_runs(request: HttpRequest, paging: Paging, state: FlowRun.State | None = None) -> dict[str, Any]:
    """Flow runs, newest first."""
    runs = FlowRun.objects.order_by("-created_at", "-id")
    return page_of(runs.filter(state=state) if state else runs, request, paging)


@router.get("/{uuid:run_id}", response={200: FlowRunOut, 404: ErrorDetail, **DENIED}, operation_id="get_flow_run")
def get_flow_run(request: HttpRequest, run_id: UUID) -> Any:
    """One flow run: its state, what it waits for, and what it asks."""
    return or_404(FlowRun.objects.filter(pk=run_id).first())


@router.post(
    "/{uuid:run_id}/cancel",
    response={202: FlowRunOut, 404: ErrorDetail, 409: ErrorDetail, **DENIED},
    operation_id="cancel_flow_run",
)
def cancel_flow_run(request: HttpRequest, run_id: UUID) -> Any:
    """End a run and the jobs that no other run waits for."""
    run = or_404(FlowRun.objects.filter(pk=run_id).first())
    if run.state in FINAL:
        raise HttpError(409, f"the run is already {run.state}")
    return 202, request_flow_cancel(flow_run_id=run_id, actor=str(request.auth))
