"""Asking a person: once, however often the body starts again (``spec/cluster-jobs.md`` §5.5)."""

import copy
from typing import Any, Literal, TypeVar
from uuid import UUID

import httpx
from django.db import transaction
from django.db.models import F
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.input import RunInput
from prefect.input.run_input import keyset_from_base_key
from pydantic import BaseModel, ValidationError, create_model

from workflows.prefect_utils.django_flow import Execution, this_run
from workflows.prefect_utils.polling import poll
from workflows.prefect_utils.sleep import ASK_KEY, AWAKE_SECONDS, arm, clear, refuse_where_no_sleep_is_possible, suspend

from workflows.launchable import faults_of
from workflows.models import Decision
from workflows.services.decisions import AlreadyAnswered, AnswerRefused, answer_decision
from workflows.services.notices import tell_of_question
from workflows.services.program_events import tell_programs_of_question

Form = TypeVar("Form", bound=BaseModel)


def ask_a_person(
    *,
    question: str,
    subject: str,
    form: type[Form],
    initial: dict[str, Any] | None = None,
    why: str = "",
    ask_again: bool = False,
) -> Form:
    """The answer to a question; asks and sleeps until somebody gave one, in the dashboard, the admin or the API.

    1. Find the question or ask it.  2. Take what the dashboard's form brought.  3. Not answered: sleep; the wake
    begins at 1.

    :param subject: what it is about, e.g. ``MGYS00000001:amplicon_v6``; one question a subject
    :param form: its fields, with the rules a schema can say (bounds, choices)
    :param initial: the form is pre-filled with it
    :param why: markdown, shown above the form
    :param ask_again: a new question although there is an answer, unless this run asked that one; one that the form
        would not take any more is none
    """
    refuse_where_no_sleep_is_possible()
    execution = this_run()
    prefilled = _prefilled(form, initial or {})
    wanted = Decision(
        question=question,
        subject=subject,
        form=prefilled.model_json_schema(),
        initial=initial or {},
        why=why,
        flow_run=execution.flow_run if execution else None,
    )
    decision = _find_or_ask(wanted, form, ask_again=ask_again)
    if execution is None:
        poll(lambda: _is_answered(decision.pk))
    else:
        if decision.answer is None:
            _take_what_the_form_brought(execution, decision, form)
        while not _is_answered(decision.pk):
            _sleep(execution, decision, prefilled)
        clear(execution)
    decision.refresh_from_db()
    return form.model_validate(decision.answer)


@transaction.atomic
def _find_or_ask(wanted: Decision, form: type[Form], *, ask_again: bool) -> Decision:
    same = Decision.objects.filter(question=wanted.question, subject=wanted.subject).order_by("-generation")
    newest = same.first()
    if newest is not None:
        mine = wanted.flow_run_id is not None and newest.flow_run_id == wanted.flow_run_id
        if newest.answer is None or ((mine or not ask_again) and _fits(form, newest.answer)):
            return newest
        wanted.generation = newest.generation + 1
    Decision.objects.bulk_create([wanted], ignore_conflicts=True)
    asked = same.get(generation=wanted.generation)
    tell_of_question(decision=asked)
    tell_programs_of_question(decision=asked, event="decision.asked")
    return asked


def _fits(form: type[Form], answer: dict[str, Any]) -> bool:
    try:
        form.model_validate(answer)
    except ValidationError:
        return False
    return True


def _take_what_the_form_brought(execution: Execution, decision: Decision, form: type[Form]) -> None:
    """The dashboard keeps an answer under the key of the pause it ended; nothing kept means nothing answered."""
    key = execution.last_pause_key or ""
    if not key.startswith(f"{ASK_KEY}-{decision.pk}-"):
        return
    with get_client(sync_client=True) as client:
        brought = read_form(client, execution.prefect_id, key, "response")
    if brought is None:
        refused = "The run was resumed without an answer."
    else:
        try:
            answer = form.model_validate_json(brought).model_dump(mode="json")
            answer_decision(decision_id=decision.pk, answer=answer, actor="dashboard", via="dashboard")
        except AlreadyAnswered:
            return
        except AnswerRefused as error:
            refused = str(error)
        except ValidationError as error:
            refused = "; ".join(f"{fault['field']}: {fault['message']}" for fault in faults_of(error))
        else:
            return
    Decision.objects.filter(pk=decision.pk, answer__isnull=True).update(refused=refused)


def read_form(
    client: SyncPrefectClient, prefect_id: UUID, pause_key: str, part: Literal["schema", "response"]
) -> str | None:
    """The JSON that Prefect keeps of a pause for input; None if it keeps none."""
    try:
        return client.read_flow_run_input(prefect_id, keyset_from_base_key(f"suspended-{pause_key}")[part])
    except httpx.HTTPStatusError as error:
        if error.response.status_code == httpx.codes.NOT_FOUND:
            return None
        raise


def _sleep(execution: Execution, decision: Decision, prefilled: type[RunInput]) -> None:
    with transaction.atomic():
        arm(execution)
        Decision.objects.filter(pk=decision.pk).update(asks=F("asks") + 1)
    decision.refresh_from_db()
    execution.check()
    refused = f"\n\n**The last answer was not taken:** {decision.refused}" if decision.refused else ""
    prefilled._description = (decision.why + refused).strip() or decision.question
    suspend(f"{ASK_KEY}-{decision.pk}-{decision.asks}", form=prefilled)
    poll(lambda: _is_answered(decision.pk), seconds=AWAKE_SECONDS)


def _is_answered(decision_id: UUID) -> bool:
    return Decision.objects.filter(pk=decision_id, answer__isnull=False).exists()


def _prefilled(form: type[BaseModel], initial: dict[str, Any]) -> type[RunInput]:
    """The form as Prefect shows it, its rules kept: Prefect's own ``with_initial_data`` would drop them."""
    fields: dict[str, Any] = {}
    bases: tuple[type[Any], ...] = (RunInput, form)
    for name, value in initial.items():
        field = copy.copy(form.model_fields[name])
        field.default = value
        fields[name] = (field.annotation, field)
    return create_model(form.__name__, __base__=bases, **fields)
