"""Starting flows and following them (``spec/api-v2.md`` §12.1). Prefect is not known here: a request is a row."""

import hashlib
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Header, Router, Status
from ninja.errors import HttpError
from pydantic import StringConstraints

from emgapiv2.api.auth import LAUNCH, LAUNCHERS
from emgapiv2.api.automation import Deployment, FlowRunDetail, FlowRunState, FlowRunSummary, Launch
from emgapiv2.api.pagination import Page, Paging, absolute, page_of
from emgapiv2.api.rendering import ErrorDetail, or_404, refused
from emgapiv2.api.request import ApiRequest
from workflows.launchable import Launchable, ParametersRefused, checked_parameters, launchables
from workflows.models import FlowRun
from workflows.models.flow_run import FINAL
from workflows.services.flow_runs import ask_for_run, request_flow_cancel

router = Router(tags=["Automation"], auth=LAUNCHERS)
deployments = Router(tags=["Automation"], auth=LAUNCHERS)
IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(max_length=255, pattern=r"^[ -~]+$")], Header(alias="Idempotency-Key")
]


@deployments.get("/", response=list[Deployment])
def list_deployments(request: ApiRequest) -> list[dict[str, Any]]:
    """What may be started, with the JSON Schema of its parameters."""
    return [
        {"name": one.name, "title": one.title, "parameters": one.parameters.model_json_schema()}
        for one in _may_be_launched().values()
    ]


@router.post("/", response={202: FlowRunDetail, 400: ErrorDetail, 404: ErrorDetail, 409: ErrorDetail})
def launch_flow_run(request: ApiRequest, response: HttpResponse, key: IdempotencyKey, body: Launch) -> Any:
    """Ask for one run. The same key with the same body answers with the same run, however often it is sent."""
    if body.deployment not in (known := _may_be_launched()):
        raise HttpError(404, f"{body.deployment!r} is no deployment; there are {', '.join(known)}")
    actor = str(request.auth)
    run_key = f"{actor}:{hashlib.sha256(key.encode()).hexdigest()}"
    try:
        parameters = checked_parameters(body.deployment, body.parameters)
    except ParametersRefused as error:
        raise refused([(f"body.parameters.{fault['field']}", fault["message"]) for fault in error.errors]) from error
    run, _created = ask_for_run(
        deployment=body.deployment, parameters=parameters, source="api", run_key=run_key, actor=actor, because=body.note
    )
    if (run.source, run.run_key) != ("api", run_key):
        raise HttpError(409, f"{body.deployment} is already running for this subject, as {run.id} ({run.state})")
    if (run.deployment, run.parameters, run.because) != (body.deployment, parameters, body.note):
        raise refused([("header.Idempotency-Key", "used before, for another request")])
    response["Location"] = absolute(f"{request.path}{run.id}")
    return Status(202, run)


@router.get("/", response=Page[FlowRunSummary])
def list_flow_runs(request: ApiRequest, paging: Paging, state: FlowRunState | None = None) -> dict[str, Any]:
    """Flow runs, newest first."""
    runs = FlowRun.objects.select_related("study").order_by("-created_at", "-id")
    if state:
        runs = runs.filter(state__in=[state, FlowRun.State.LAUNCHING] if state == "requested" else [state])
    return page_of(runs, request, paging)


@router.get("/{uuid:run_id}", response=FlowRunDetail)
def get_flow_run(request: ApiRequest, run_id: UUID) -> Any:
    """One flow run: its state, what it waits for, and what it asks."""
    return or_404(FlowRun.objects.select_related("study").filter(pk=run_id).first())


@router.post("/{uuid:run_id}/cancel", response={202: FlowRunDetail, 409: ErrorDetail})
def cancel_flow_run(request: ApiRequest, run_id: UUID) -> Any:
    """End a run and the jobs that no other run waits for."""
    run = or_404(FlowRun.objects.filter(pk=run_id).first())
    if run.state in FINAL:
        raise HttpError(409, f"the run is already {run.state}")
    return Status(202, request_flow_cancel(flow_run_id=run_id, actor=str(request.auth)))


def _may_be_launched() -> dict[str, Launchable]:
    return {one.name: one for one in launchables() if one.scope == LAUNCH}
