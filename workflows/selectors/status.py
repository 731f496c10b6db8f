"""How the platform is: each part a list of plain rows, for ``manage.py status``."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from workflows.cluster.backends import get_backend
from workflows.cluster.backends.base import BackendUnavailable
from workflows.cluster.identity import backend_of_new_jobs
from workflows.duties import REGISTRY
from workflows.models import Attention, Batch, ClusterJobAttempt, Decision, Duty, FlowRun, Notice
from workflows.models.attempt import FINAL
from workflows.next_steps import next_step
from workflows.selectors.flow_runs import live_runs

LATE = timedelta(minutes=1)  # beyond the time a duty rests between two turns
SHOWN = 50
SERVICE = "Start the service (manage.py reconcile), or see why it does not turn: task logs -- reconcile."


def duties() -> list[dict[str, Any]]:
    """Each duty of the service: ``name, state, last_turn, failures, error``."""
    rows = Duty.objects.in_bulk()
    return [_duty(name, spec.every_seconds, rows.get(name)) for name, spec in REGISTRY.items()]


def _duty(name: str, every_seconds: float, row: Duty | None) -> dict[str, Any]:
    ended, began = (row.finished_at, row.started_at) if row else (None, None)
    newest = max(filter(None, (ended, began)), default=None)
    late = newest is None or timezone.now() - newest > LATE + timedelta(seconds=every_seconds)
    state = "late" if late else "failing" if row and row.failures else "ok"
    told = {"failures": row.failures, "error": row.error} if row else {"failures": 0, "error": ""}
    return {"name": name, "state": state, "last_turn": newest, **told}


def scheduler() -> dict[str, Any]:
    """The scheduler that new jobs go to, asked now: ``name, state, detail``."""
    backend = get_backend(backend_of_new_jobs())
    try:
        seen = len(list(backend.observe()))
    except BackendUnavailable as error:
        return {"name": backend.name, "state": "away", "detail": str(error)}
    return {"name": backend.name, "state": "ok", "detail": f"lists {seen} jobs"}


def queue() -> list[dict[str, Any]]:
    """What is under way, by kind and state."""
    kinds = {
        "job": ClusterJobAttempt.objects.exclude(state__in=FINAL),
        "flow run": live_runs(),
        "batch": Batch.objects.filter(state=Batch.State.OPEN),
        "notice": Notice.objects.exclude(state=Notice.State.SENT),
    }
    return [
        {"what": what, "state": state.lower(), "number": number}
        for what, rows in kinds.items()
        for state, number in rows.order_by("state").values_list("state").annotate(n=Count("pk"))
    ]


def stuck() -> list[dict[str, Any]]:
    """What does not go on by itself, oldest first: ``since, what, subject, reason, next``; at most 50 of a kind."""
    rows = [*_late_duties(), *_attentions(), *_questions(), *_crashed(), *_uncertain()]
    return sorted(rows, key=lambda row: row["since"] or timezone.now())


def _row(since: datetime | None, what: str, subject: object, reason: str, step: str) -> dict[str, Any]:
    return {"since": since, "what": what, "subject": str(subject), "reason": reason, "next": step}


def _late_duties() -> Iterator[dict[str, Any]]:
    bad = [duty for duty in duties() if duty["state"] != "ok"]
    for error in {duty["error"] for duty in bad}:
        same = [duty for duty in bad if duty["error"] == error]
        since = max((duty["last_turn"] for duty in same if duty["last_turn"]), default=None)
        names = ", ".join(duty["name"] for duty in same)
        yield _row(since, "duties that do not work", names, error or "they have no turns", SERVICE)


def _attentions() -> Iterator[dict[str, Any]]:
    for one in Attention.objects.filter(cleared_at=None).order_by("since")[:SHOWN]:
        subject = f"{one.subject_kind} {one.subject_id}"
        yield _row(one.since, one.code.replace("_", " "), subject, one.text, next_step(one.code))


def _questions() -> Iterator[dict[str, Any]]:
    for one in Decision.objects.filter(answer__isnull=True).order_by("asked_at")[:SHOWN]:
        yield _row(one.asked_at, "question", one.subject, one.question, f"Answer it: {_page('decision', one.pk)}")


def _crashed() -> Iterator[dict[str, Any]]:
    for one in live_runs().filter(state=FlowRun.State.CRASHED).order_by("created_at")[:SHOWN]:
        step = "Nothing yet: it is started again. The log is in the dashboard."
        yield _row(one.created_at, "crashed flow run", f"{one.deployment} {one.pk}", one.error, step)


def _uncertain() -> Iterator[dict[str, Any]]:
    for one in Notice.objects.filter(state=Notice.State.UNCERTAIN).order_by("created_at")[:SHOWN]:
        step = f"Look whether it arrived; if not, send it again: {_page('notice', one.pk)}"
        yield _row(one.created_at, "notice", one, one.error, step)


def _page(model: str, pk: object) -> str:
    return f"{settings.EMG_CONFIG.service_urls.site_url}/admin/workflows/{model}/{pk}/change/"
