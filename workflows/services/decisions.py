"""Answering a question, whoever is first (``spec/cluster-jobs.md`` §5.5)."""

from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now
from jsonschema import Draft202012Validator

from workflows.cluster.states import notify
from workflows.models import Decision
from workflows.services.attention import clear_attention
from workflows.services.notices import withdraw_notice
from workflows.services.program_events import tell_programs_of_question

WAITS_FOR_AN_ANSWER = "question_waits_for_an_answer"


class AlreadyAnswered(Exception):
    """Somebody else was first; ``decision`` holds their answer."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        super().__init__(f"{decision} was answered by {decision.answered_by} ({decision.via}): {decision.answer}")


class AnswerRefused(Exception):
    """:param errors: every fault at once, ``field: what is wrong``."""

    def __init__(self, errors: list[str]) -> None:
        self.errors = errors
        super().__init__("; ".join(errors))


def faults_of_answer(decision: Decision, answer: dict[str, Any]) -> list[str]:
    """What the question's form has against an answer, all at once: ``field: what is wrong``."""
    faults = sorted(Draft202012Validator(decision.form).iter_errors(answer), key=lambda fault: list(fault.path))
    return [f"{'.'.join(map(str, fault.path)) or '(whole)'}: {fault.message}" for fault in faults]


@transaction.atomic
def answer_decision(*, decision_id: UUID, answer: dict[str, Any], actor: str, via: str) -> Decision:
    """Store an answer if there is none; the waker then wakes the flow that asked.

    :param via: ``admin``, ``api`` or ``dashboard``
    """
    decision = Decision.objects.get(pk=decision_id)
    if faults := faults_of_answer(decision, answer):
        raise AnswerRefused(faults)
    unanswered = Decision.objects.filter(pk=decision_id, answer__isnull=True)
    first = unanswered.update(answer=answer, answered_by=actor, answered_at=Now(), via=via, refused="")
    decision.refresh_from_db()
    if not first:
        raise AlreadyAnswered(decision)
    clear_attention(code=WAITS_FOR_AN_ANSWER, subject_kind="decision", subject_id=decision_id)
    withdraw_notice(key=f"decision:{decision_id}")
    tell_programs_of_question(decision=decision, event="decision.answered")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('emg_decisions', %s)", [str(decision_id)])
    if decision.flow_run:
        notify(decision.flow_run)
    return decision
