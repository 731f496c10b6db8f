"""Programs are told by events of Prefect, for its automations: once each (``spec/pipelines.md`` §4.14)."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from analyses.models import Analysis, AnalysisState, Assembly, AssemblyState, ResultsArea, Study
from ena.models import Noun, Visibility, VisibilityEvent
from workflows.models import Attention, Batch, Decision, Notice
from workflows.services.notices import queue_notice

S, A = AnalysisState, AssemblyState
UPLOADS = {A.UPLOADING, A.UPLOADED, A.UPLOAD_FAILED, A.UPLOAD_BLOCKED}
COUNTED: Mapping[type[Analysis | Assembly], dict[str, set[Any]]] = {
    Analysis: {
        "successful": {S.COMPLETED, S.IMPORTED, S.PUBLISHED},
        "imported": {S.IMPORTED, S.PUBLISHED},
        "failed": {S.FAILED, S.CHECK_FAILED, S.QC_FAILED},
    },
    Assembly: {
        "successful": {A.COMPLETED, *UPLOADS},
        "uploaded": {A.UPLOADED},
        "failed": {A.FAILED, A.PRE_QC_FAILED, A.POST_QC_FAILED},
    },
}


def tell_programs(*, event: str, key: object, page: str, study: Study | None = None, **facts: object) -> None:
    """Have Prefect hear of an event, which then is about the study if there is one. Joins the caller's transaction.

    :param key: tells it from others of its name
    :param facts: for programs whose readers are staff; no title
    """
    if study:
        watchers = study.watchers.filter(user__is_staff=True, user__is_active=True).order_by("user__username")
        names = list(watchers.values_list("user__username", flat=True))
        facts = {"study": study.accession, "study_watchers": names} | facts
    key, kind, channel = f"{event}:{key}", Notice.Kind.EVENT, Notice.Channel.PREFECT
    queue_notice(key=key, kind=kind, heading=event, page=page, study=study, channel=channel, payload=facts)


def tell_programs_of_closed(*, study: Study, slug: str, closed: int) -> None:
    """The last open batch of a study and pipeline has closed; what makes neither analyses nor assemblies is silent.

    :param closed: the event that closed it; a later round is another event
    """
    batches = Batch.objects.filter(study=study, slug=slug)
    page, key = f"workflows/batch/{batches.latest('created_at').pk}", f"{study}:{slug}:{closed}"
    for model, counted in COUNTED.items():
        made = model._default_manager.filter(memberships__batch__in=batches).distinct()
        states = Counter(made.values_list("state", flat=True))
        counts: dict[str, Any] = {name: sum(states[state] for state in those) for name, those in counted.items()}
        told: dict[str, Any] = {"key": key, "page": page, "study": study, "pipeline": slug}
        if states:
            event = f"flow.{model._meta.model_name}.finished"
            tell_programs(event=event, **told, **counts, total=states.total())
        if published := states[S.PUBLISHED]:
            tell_programs(event="study.published", **told, published=published)


def tell_programs_of_attention(*, attention: Attention) -> None:
    if attention.study:
        page = f"workflows/attention/{attention.pk}"
        told: dict[str, Any] = {"study": attention.study, "code": attention.code, "subject": attention.subject_kind}
        tell_programs(event="study.needs_attention", key=attention.pk, page=page, **told)


def tell_programs_of_question(*, decision: Decision, event: str) -> None:
    """:param event: ``decision.asked`` or ``decision.answered``"""
    run = decision.flow_run
    page, facts = f"workflows/decision/{decision.pk}", {"question": decision.question, "subject": decision.subject}
    tell_programs(event=event, key=decision.pk, page=page, study=run.study if run else None, **facts)


def tell_programs_of_release(*, study: Study) -> None:
    """All that is served of a study lies in the public area since ENA's word; once for that word."""
    analyses = Analysis.objects.filter(study=study, visibility=Visibility.PUBLIC, results_area=ResultsArea.PRIVATE)
    waiting = Study.objects.filter(pk=study.pk, results_area=ResultsArea.PRIVATE)
    if not (analyses.exists() or waiting.exists()):
        words = VisibilityEvent.objects.filter(noun=Noun.ENA_STUDY, object_id=study.ena_study_id or 0)
        newest = words.filter(to_level=Visibility.PUBLIC).order_by("pk").last()
        key = f"{study}:{newest.pk if newest else ''}"
        tell_programs(event="study.embargo_lifted", key=key, page=f"analyses/study/{study.pk}", study=study)
