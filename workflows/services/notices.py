"""People are told of an event once: the row is written with the event itself (``spec/pipelines.md`` §4.14)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat, Now

from analyses.models import AnalysisRequest, AnalysisState, RequestState, Study
from workflows.models import Batch, BatchMember, Decision, FlowRun, Notice

S, K, TEAM, HELP_DESK = Notice.State, Notice.Kind, Notice.Channel.TEAM, Notice.Channel.HELP_DESK


def queue_notice(
    *,
    key: str,
    kind: Notice.Kind,
    heading: str,
    page: str,
    text: str = "",
    study: Study | None = None,
    asked_by: str = "",
    channel: Notice.Channel = TEAM,
    payload: Mapping[str, object] | None = None,
) -> None:
    """Have people told of an event. Joins the caller's transaction: what is rolled back is told to nobody.

    The team hears after ``digest_seconds``, so that what happens to a study together is told together.

    :param key: names the event; told already, or about to be, nothing happens
    :param heading: what every reader may know: no title, accession or path
    :param page: in the admin, ``<app>/<model>/<key of the row>``
    :param text: the details, for those who may see the study
    :param asked_by: the actor who started it
    :param payload: what a program is told
    """
    pause = timedelta(seconds=settings.EMG_CONFIG.notify.digest_seconds if channel == TEAM else 0)
    told: dict[str, Any] = {"kind": kind, "heading": heading[:200], "text": text, "page": page, "study": study}
    told["payload"] = payload or {}
    asked_by = asked_by.rpartition(":")[2]
    wanted = Notice(key=key, channel=channel, asked_by=asked_by, next_try_at=Now() + pause, **told)
    Notice.objects.bulk_create([wanted], ignore_conflicts=True)


def withdraw_notice(*, key: str) -> bool:
    """What is over before anybody was told needs no telling.

    :return: whether nobody was told
    """
    return bool(Notice.objects.filter(key=key, state=S.QUEUED, tries=0).delete()[0])


def tell_of_published(*, study: Study, slug: str, closed: int) -> None:
    """Those who watch a study hear of it when its last open batch has closed, if analyses of it came out.

    :param closed: the event that closed it; a later round is another event
    """
    batches = Batch.objects.filter(study=study, slug=slug)
    members = BatchMember.objects.filter(batch__in=batches, analysis__state=AnalysisState.PUBLISHED)
    if published := members.values("analysis").distinct().count():
        queue_notice(
            key=f"published:{study}:{slug}:{closed}",
            kind=K.SUCCESS,
            heading=f"{published} analyses of {slug} are published",
            page=f"workflows/batch/{batches.latest('created_at').pk}",
            study=study,
        )


def tell_of_failure(*, run: FlowRun) -> None:
    queue_notice(
        key=f"flow_run:{run.pk}",
        kind=K.FAILURE,
        heading=run.deployment,
        text=run.error,
        page=f"workflows/flowrun/{run.pk}",
        study=run.study,
        asked_by=run.requested_by,
    )


def tell_of_question(*, decision: Decision) -> None:
    run = decision.flow_run
    queue_notice(
        key=f"decision:{decision.pk}",
        kind=K.NEEDS_ATTENTION,
        heading=f"a question waits: {decision.question}",
        text=str(decision),
        page=f"workflows/decision/{decision.pk}",
        study=run.study if run else None,
        asked_by=run.requested_by if run else "",
    )


def queue_tickets() -> None:
    """A ticket for each request that nobody was told of: the request is the outbox (``spec/catalogue.md`` §6.5)."""
    key = Concat(Value("request:"), Cast("pk", CharField()))
    waiting = AnalysisRequest.objects.filter(ticket_sent_at=None, state=RequestState.RECEIVED).annotate(key=key)
    for request in waiting.filter(~Exists(Notice.objects.filter(key=OuterRef("key")))):
        queue_notice(
            key=f"request:{request.pk}",
            channel=HELP_DESK,
            kind=K.REQUEST,
            heading=f"{request.requestor_webin} asks for an analysis of {request.study_accession}",
            text=f"{request.analysis_type} ({request.request_type})\n\n{request.comments}",
            page=f"analyses/analysisrequest/{request.pk}",
            study=request.study,
        )


def send_again(*, notice: Notice) -> bool:
    """Let a person decide that what may have arrived has not.

    :return: whether it waits again now
    """
    unsure = Notice.objects.filter(pk=notice.pk, state=S.UNCERTAIN)
    return bool(unsure.update(state=S.QUEUED, next_try_at=Now(), tries=0, error=""))
