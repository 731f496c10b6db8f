"""Questions to people, and their answers."""

from typing import Any
from uuid import UUID

from ninja import Router
from ninja.errors import HttpError

from emgapiv2.api.auth import LAUNCHERS
from emgapiv2.api.automation import Answer, Question
from emgapiv2.api.pagination import Page, Paging, page_of
from emgapiv2.api.rendering import ErrorDetail, or_404, refused
from emgapiv2.api.request import ApiRequest
from workflows.models import Decision
from workflows.services.decisions import AlreadyAnswered, AnswerRefused, answer_decision

router = Router(tags=["Automation"], auth=LAUNCHERS)


@router.get("/", response=Page[Question])
def list_decisions(request: ApiRequest, paging: Paging, answered: bool | None = None) -> dict[str, Any]:
    """Questions, newest first; ``answered=false`` for those that wait."""
    decisions = Decision.objects.select_related("flow_run").order_by("-asked_at", "-id")
    if answered is not None:
        decisions = decisions.filter(answer__isnull=not answered)
    return page_of(decisions, request, paging)


@router.post(
    "/{uuid:decision_id}/answer",
    response={200: Question, 400: ErrorDetail, 409: ErrorDetail},
    operation_id="answer_decision",
)
def answer(request: ApiRequest, decision_id: UUID, body: Answer) -> Any:
    """Answer a question; the first answer stands, and the flow that asked wakes."""
    or_404(Decision.objects.filter(pk=decision_id).first())
    try:
        return answer_decision(decision_id=decision_id, answer=body.answer, actor=str(request.auth), via="api")
    except AlreadyAnswered as error:
        raise HttpError(409, str(error)) from error
    except AnswerRefused as error:
        faults = [fault.partition(": ") for fault in error.errors]
        raise refused([(f"body.answer.{field}", message) for field, _, message in faults]) from error
