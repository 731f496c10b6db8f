"""What stands still is found by its state (``spec/pipelines.md`` §4.15): a run is asked for, or a person is told.

A duty only looks and asks. Whatever a kill or an outage swallowed is found in the next turn.
"""

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Now
from django.utils import timezone

from analyses.models import Analysis, AnalysisState, Study
from workflows.batches.embargo import TO_RELEASE, TO_WITHDRAW, studies_to_forget, studies_to_move
from workflows.models import Batch, BatchMember, FlowRun
from workflows.pipelines import registry
from workflows.selectors.flow_runs import live_runs
from workflows.services.attention import have_just
from workflows.services.flow_runs import ask_for_run

ACTOR = "housekeeping"
STILL_PUBLIC, UNPUBLISHED, STOPPED = "withdrawn_results_still_public", "imported_not_published", "batch_stopped"
TOO_LONG = timedelta(minutes=15)  # for what was withdrawn to lie where all can read it
SETTLED = timedelta(hours=1)  # nobody is just about to see to it
BATCH, FINALISE, MOVE = "run_batch_deployment", "finalise_study_deployment", "move_results_deployment"


def keep_house() -> bool:
    """Each minute: what lies on the wrong side, batches that nobody works on, results that nobody publishes."""
    asked = [_ask(MOVE, study, f"{timezone.now():%Y-%m-%dT%H}") for study in studies_to_move(TO_WITHDRAW | TO_RELEASE)]
    asked += [_continue_once(batch) for batch in idle_batches()]
    _tell(STILL_PUBLIC, Study, {one: f"{one} was withdrawn, and its files are still public" for one in _still_public()})
    stopped = {one: f"{one} is open and nobody works on it: start “Run a pipeline batch”" for one in idle_batches()}
    _tell(STOPPED, Batch, stopped)
    told = "analyses are imported, and no batch will publish them: analyse the study again"
    _tell(UNPUBLISHED, Study, {study: f"{study}: {told}" for study in _unpublished()})
    return any(asked)


def keep_results() -> bool:
    """Hourly: what a look at every analysis or at folders tells."""
    today = f"{timezone.now():%Y-%m-%d}"
    asked = [_ask(MOVE, study, f"forget:{today}") for study in studies_to_forget()]
    asked += [
        _ask(FINALISE, batch.study, today, pipeline=batch.slug)
        for batch in batches_to_summarise()
        if registry.get(batch.slug).summaries
    ]
    return any(asked)


def idle_batches() -> QuerySet[Batch]:
    """Open ones that no live run works on, nor the one that planned them. Add-ons are their first batch's affair."""
    at_work = Batch.objects.filter(state=Batch.State.OPEN, flow_run__in=live_runs())
    named = live_runs().filter(deployment=BATCH).values_list("parameters__batch_id", flat=True)
    settled = Batch.objects.filter(state=Batch.State.OPEN, parent=None, created_at__lt=Now() - SETTLED)
    return settled.exclude(pk__in=at_work).exclude(pk__in=list(named)).select_related("study").order_by("created_at")


def batches_to_summarise() -> QuerySet[Batch]:
    """The last batch of each study and pipeline, where an analysis changed since the tables were made."""
    of_same = Batch.objects.filter(study=OuterRef("study"), slug=OuterRef("slug"), parent=None)
    newest = of_same.order_by("-created_at").values("pk")[:1]
    runs = FlowRun.objects.alias(slug=KT("parameters__pipeline")).filter(deployment=FINALISE, slug=OuterRef("slug"))
    completed = runs.filter(state=FlowRun.State.COMPLETED, study=OuterRef("study"))
    made = completed.order_by("-created_at").values("created_at")[:1]
    published = Analysis.objects.filter(study=OuterRef("study"), state=AnalysisState.PUBLISHED)
    closed = Batch.objects.filter(state=Batch.State.DONE, pk=Subquery(newest), closed_at__lt=Now() - SETTLED)
    closed = closed.exclude(Exists(of_same.filter(state=Batch.State.OPEN))).annotate(made=Subquery(made))
    newer = Q(made=None) | Exists(published.filter(updated_at__gt=OuterRef("made")))
    return closed.filter(Exists(published), newer).select_related("study")


def _still_public() -> QuerySet[Study]:
    return studies_to_move(TO_WITHDRAW & Q(updated_at__lt=Now() - TOO_LONG))


def _unpublished() -> QuerySet[Study]:
    held = BatchMember.objects.filter(analysis=OuterRef("pk"), batch__state=Batch.State.OPEN)
    imported = Analysis.objects.filter(state=AnalysisState.IMPORTED, updated_at__lt=Now() - SETTLED)
    return Study.objects.filter(pk__in=imported.exclude(Exists(held)).values("study"))


def _ask(deployment: str, study: Study, when: str, **parameters: str) -> bool:
    """At most once in the time that ``when`` names; a run under way is joined."""
    _, is_new = ask_for_run(
        deployment=deployment,
        parameters={"study_accession": study.accession, **parameters},
        source=ACTOR,
        run_key=":".join([deployment, study.accession, *parameters.values(), when]),
        actor=ACTOR,
        study=study,
    )
    return is_new


def _continue_once(batch: Batch) -> bool:
    """Once in a round, so that what cannot work is not tried for ever; never what a person stopped."""
    last = FlowRun.objects.filter(deployment=BATCH, parameters__batch_id=str(batch.pk)).order_by("-created_at").first()
    if last and last.state == FlowRun.State.CANCELLED:
        return False
    _, is_new = ask_for_run(
        deployment=BATCH,
        parameters={"batch_id": str(batch.pk)},
        source=ACTOR,
        run_key=f"{batch.pk}:round-{batch.round}",
        actor=ACTOR,
        study=batch.study,
    )
    return is_new


def _tell(code: str, model: type[Study | Batch], texts: dict[Any, str]) -> None:
    standing = {row.pk: (text, getattr(row, "study", row)) for row, text in texts.items()}
    have_just(code=code, subject_kind=str(model._meta.model_name), standing=standing)
