"""The first page: what needs a person, what runs."""

from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest

from ena.readonly_admin import Section, badge, link, table
from workflows.models import Attention, ClusterJob, ClusterJobAttempt, Decision, FlowRun
from workflows.models.attempt import FINAL
from workflows.next_steps import next_step
from workflows.selectors.flow_runs import live_runs

SHOWN = 20


def add_sections(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Each part for those who may see its pages."""
    parts = {Attention: _attention, Decision: _questions, FlowRun: _flow_runs, ClusterJob: _jobs}
    seen = [part for model, part in parts.items() if admin.site.get_model_admin(model).has_view_permission(request)]
    return context | {"sections": [part() for part in seen]}


def _attention() -> Section:
    open_ones = Attention.objects.filter(cleared_at=None).select_related("study").order_by("-since")[:SHOWN]
    rows = [(link(one), link(one.study), next_step(one.code), one.since) for one in open_ones]
    return Section("Needs a person", ("what", "study", "what to do", "since"), rows)


def _questions() -> Section:
    return table(
        "Questions that wait",
        Decision.objects.filter(answer__isnull=True).order_by("asked_at")[:SHOWN],
        "self asked_at",
    )


def _flow_runs() -> Section:
    runs = live_runs().select_related("study").order_by("-created_at")
    return table("Flow runs under way", runs[:SHOWN], "self study requested_by created_at")


def _jobs() -> Section:
    live = ClusterJobAttempt.objects.exclude(state__in=FINAL).values_list("job__backend", "state")
    counted = live.annotate(n=Count("pk")).order_by("job__backend", "state")
    rows = [(backend, badge(state), n) for backend, state, n in counted]
    return Section("Jobs under way", ("where", "state", "number"), rows)
