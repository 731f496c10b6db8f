"""The duty ``launcher``: runs that were asked for become runs of Prefect, once each (``spec/cluster-jobs.md`` §5.1)."""

import logging
from datetime import timedelta

import httpx
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound

from workflows.prefect_utils.entering import TAG

from workflows.cluster.failpoints import failpoint
from workflows.cluster.states import LostRace, transition
from workflows.launchable import UnknownDeployment, get_launchable
from workflows.models import FlowRun
from workflows.services.attention import raise_attention
from workflows.services.flow_runs import close_flow_run

logger = logging.getLogger(__name__)

ACTOR = "launcher"
CLAIMED_AT_ONCE = 20
LEASE = timedelta(seconds=60)
FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 5, 600
COME_AGAIN = {httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS}


def launch() -> bool:
    """1. Claim what is due, commit.  2. Ask Prefect, with a key it answers only once.  3. Record its id.

    Killed between 2 and 3, the lease ends and 2 gives the run that is there.
    """
    claimed = _claim()
    for run in claimed:
        try:
            _launch(run)
        except LostRace:  # the body has entered already, or the run was cancelled
            continue
        except Exception:  # one run's trouble is its own; its lease ends, and Prefect is asked again
            logger.exception("%s was not launched", run.pk)
    return bool(claimed)


@transaction.atomic
def _claim() -> list[FlowRun]:
    requested, launching = FlowRun.State.REQUESTED, FlowRun.State.LAUNCHING
    due = Q(state=requested, next_try_at__lte=Now()) | Q(state=launching, lease_until__lt=Now())
    runs = FlowRun.objects.filter(due).order_by("created_at").select_for_update(skip_locked=True)[:CLAIMED_AT_ONCE]
    for run in runs:
        if run.cancel_requested_at:  # a body that has started nevertheless finds its row so
            close_flow_run(run=run, to=FlowRun.State.CANCELLED, actor=ACTOR)
        elif run.state == requested:
            transition(row=run, to=launching, actor=ACTOR, kind="claimed", lease_until=Now() + LEASE)
        else:
            FlowRun.objects.filter(pk=run.pk).update(lease_until=Now() + LEASE)
    return [run for run in runs if run.ended_at is None]


def _launch(run: FlowRun) -> None:
    failpoint("claimed")
    try:
        title = get_launchable(run.deployment).title
        prefect_run = run_deployment(
            f"{title}/{run.deployment}",
            parameters=run.parameters,
            timeout=0,
            as_subflow=False,
            idempotency_key=f"flowrun:{run.pk}",
            tags=[f"{TAG}{run.pk}"],
        )
    except UnknownDeployment as error:
        _refuse(run, str(error))
    except ObjectNotFound:
        _refuse(run, f"Prefect has no deployment {run.deployment}: run `task deploy-all`")
    except httpx.HTTPStatusError as error:
        code = error.response.status_code
        if httpx.codes.is_client_error(code) and code not in COME_AGAIN:
            _refuse(run, f"Prefect refused it: {error.response.text}")
        else:
            _try_later(run, str(error))
    except (httpx.HTTPError, RuntimeError) as error:  # RuntimeError: the client found no healthy server
        _try_later(run, str(error) or type(error).__name__)
    else:
        failpoint("asked_prefect")
        transition(
            row=run,
            to=FlowRun.State.LAUNCHED,
            actor=ACTOR,
            kind="launched",
            prefect_id=prefect_run.id,
            lease_until=None,
            error="",
        )


def _refuse(run: FlowRun, why: str) -> None:
    close_flow_run(run=run, to=FlowRun.State.REFUSED, actor=ACTOR, error=why)
    raise_attention(
        code="flow_run_refused", subject_kind="flow_run", subject_id=run.pk, study=run.study, text=f"{run}: {why}"
    )


def _try_later(run: FlowRun, why: str) -> None:
    seconds = min(FIRST_BACKOFF_SECONDS * 2 ** min(run.tries, 10), LONGEST_BACKOFF_SECONDS)
    transition(
        row=run,
        to=FlowRun.State.REQUESTED,
        actor=ACTOR,
        kind="not_launched",
        detail={"why": why[:500]},
        lease_until=None,
        tries=run.tries + 1,
        next_try_at=Now() + timedelta(seconds=seconds),
        error=why[:1000],
    )
