"""Asking for a run, cancelling it, closing its row (``spec/cluster-jobs.md`` §5.1, §5.4). No Prefect in here."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Q, When
from django.db.models.functions import Now

from analyses.models import Study
from analyses.selectors.studies import find
from workflows.cluster.cancellation import request_cancel
from workflows.cluster.states import LostRace, notify, record_event, transition
from workflows.launchable import checked_parameters, get_launchable
from workflows.models import FlowRun
from workflows.selectors.flow_runs import LIVE, calls_of_this_run_alone, live_runs
from workflows.services.attention import clear_attention, raise_attention
from workflows.services.notices import tell_of_failure

NAMES_A_STUDY = ("study_accession", "accession")  # of the parameters
REVIVED_TOO_OFTEN = "flow_run_revived_too_often"


def subject_of(deployment: str, parameters: dict[str, Any]) -> tuple[str | None, Study | None]:
    """The live key of a run and the study it is about, where one is mirrored.

    A study goes by many accessions, and by any of them it is the same subject.
    """
    study, name = None, next((name for name in NAMES_A_STUDY if name in parameters), "")
    with suppress(Study.DoesNotExist):  # not mirrored yet
        study = find(accession=parameters[name]) if name else None
    known = {name: study.first_accession} if study and study.first_accession else {}
    return get_launchable(deployment).live_key_of(parameters | known), study


@transaction.atomic
def ask_for_run(
    *,
    deployment: str,
    parameters: dict[str, Any],
    source: str,
    run_key: str,
    actor: str,
    because: str = "",
    study: Study | None = None,
) -> tuple[FlowRun, bool]:
    """Ask for one run of a deployment; joins the caller's transaction.

    :param source: who asks: ``api``, ``admin``, ``schedule``, ``flow``, a sensor's name
    :param run_key: the asker's own name for this request; asked again it is the same run
    :return: the row, and whether it is new; a taken (source, run_key) or live key gives the row that is there
    :raises UnknownDeployment: there is no such deployment
    :raises ParametersRefused: all faults at once
    """
    parameters = checked_parameters(deployment, parameters)
    live_key, subject = subject_of(deployment, parameters)
    study = study or subject
    same = Q(source=source, run_key=run_key) | (Q(live_key=live_key) & LIVE if live_key else Q(pk__in=[]))
    while True:  # again only where the live run that was in the way ended between the two statements
        wanted = FlowRun(
            deployment=deployment,
            parameters=parameters,
            source=source,
            run_key=run_key,
            live_key=live_key,
            study=study,
            requested_by=actor,
            because=because,
        )
        FlowRun.objects.bulk_create([wanted], ignore_conflicts=True)
        if made := FlowRun.objects.filter(pk=wanted.pk).first():
            record_event(row=made, actor=actor, kind="asked", to_state=FlowRun.State.REQUESTED)
            return made, True
        # The request itself comes before a live run of the same subject.
        own_first = Case(When(source=source, run_key=run_key, then=0), default=1)
        if found := FlowRun.objects.filter(same).order_by(own_first, "-number").first():
            return found, False


def request_flow_cancel(*, flow_run_id: UUID, actor: str, reason: str = "") -> FlowRun:
    """Cancel a run: at once if Prefect does not know it, else the waker asks Prefect. A final run stays as it is."""
    run = FlowRun.objects.get(pk=flow_run_id)
    if run.state == FlowRun.State.REQUESTED:
        try:
            close_flow_run(run=run, to=FlowRun.State.CANCELLED, actor=actor, detail={"reason": reason})
        except LostRace:  # the launcher has just claimed it
            run.refresh_from_db()
        else:
            return run
    with transaction.atomic():
        asked = live_runs().filter(pk=run.pk, cancel_requested_at__isnull=True)
        if asked.update(cancel_requested_at=Now(), next_try_at=Now()):
            record_event(row=run, actor=actor, kind="cancel_asked", detail={"reason": reason})
    run.refresh_from_db()
    return run


@transaction.atomic
def close_flow_run(*, run: FlowRun, to: str, actor: str, detail: dict[str, Any] | None = None, error: str = "") -> None:
    """End a run's row, and with a cancelled run the jobs and runs that nobody else calls.

    :param to: completed, failed, cancelled or refused
    :raises LostRace: somebody else moved it
    """
    transition(row=run, to=to, actor=actor, kind=to, detail=detail, ended_at=Now(), waiting=False, error=error[:1000])
    clear_attention(code=REVIVED_TOO_OFTEN, subject_kind="flow_run", subject_id=run.pk)
    if to == FlowRun.State.FAILED:
        tell_of_failure(run=run)
    if to == FlowRun.State.CANCELLED:
        cancel_calls(run=run, actor=f"flow:{run.pk}")
    elif open_calls := calls_of_this_run_alone(run).filter(awaited=True).count():
        raise_attention(
            code="flow_run_ended_before_its_jobs",
            subject_kind="flow_run",
            subject_id=run.pk,
            study=run.study,
            text=f"{run.deployment} is {to} while {open_calls} of the jobs or runs it waited for go on",
        )


def cancel_calls(*, run: FlowRun, actor: str) -> None:
    for call in calls_of_this_run_alone(run):
        if call.job_id:
            request_cancel(job_id=call.job_id, actor=actor, reason="its flow run was cancelled")
        elif call.child_id:
            request_flow_cancel(flow_run_id=call.child_id, actor=actor, reason="its flow run was cancelled")


def look_at_run_now(*, prefect_id: UUID) -> None:
    """Have the waker look at this run in its next turn instead of within a minute."""
    with transaction.atomic():
        for run in live_runs().filter(prefect_id=prefect_id):
            FlowRun.objects.filter(pk=run.pk).update(next_try_at=Now())
            notify(run)
