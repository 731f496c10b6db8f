"""People are told of an event once: the row is written with the event itself (``spec/pipelines.md`` §4.14)."""

from django.conf import settings
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat, Now

from analyses.models import AnalysisRequest, AnalysisState, RequestState, Study
from ena.models import Visibility
from workflows.models import Batch, BatchMember, Notice

S = Notice.State


def queue_notice(*, key: str, channel: Notice.Channel, text: str, study: Study | None = None) -> None:
    """Have people told of an event. Joins the caller's transaction: what is rolled back is told to nobody.

    :param key: names the event; told already, or about to be, nothing happens
    :param text: with nothing in it that the readers of the channel may not see
    """
    wanted = Notice(key=key, channel=channel, text=text, study=study)
    Notice.objects.bulk_create([wanted], ignore_conflicts=True)


def tell_of_published(*, study: Study, slug: str, closed: int) -> None:
    """Those who watch a study hear of it when its last open batch has closed, if analyses of it came out.

    :param closed: the event that closed it; a later round is another event
    """
    batches = Batch.objects.filter(study=study, slug=slug)
    members = BatchMember.objects.filter(batch__in=batches, analysis__state=AnalysisState.PUBLISHED)
    if published := members.values("analysis").distinct().count():
        name = f"{study}: {study.title}" if study.visibility == Visibility.PUBLIC else "A private study"
        text = f"{name}: {published} analyses of {slug} are published\n{page_of(f'analyses/study/{study.pk}')}"
        queue_notice(key=f"published:{study}:{slug}:{closed}", channel=Notice.Channel.TEAM, text=text, study=study)


def queue_tickets() -> None:
    """A ticket for each request that nobody was told of: the request is the outbox (``spec/catalogue.md`` §6.5)."""
    key = Concat(Value("request:"), Cast("pk", CharField()))
    waiting = AnalysisRequest.objects.filter(ticket_sent_at=None, state=RequestState.RECEIVED).annotate(key=key)
    for request in waiting.filter(~Exists(Notice.objects.filter(key=OuterRef("key")))):
        text = (
            f"{request.requestor_webin} asks for an analysis of {request.study_accession}\n"
            f"{request.analysis_type} ({request.request_type})\n\n{request.comments}\n\n"
            f"{page_of(f'analyses/analysisrequest/{request.pk}')}"
        )
        queue_notice(key=f"request:{request.pk}", channel=Notice.Channel.HELP_DESK, text=text, study=request.study)


def send_again(*, notice: Notice) -> bool:
    """Let a person decide that what may have arrived has not.

    :return: whether it waits again now
    """
    unsure = Notice.objects.filter(pk=notice.pk, state=S.UNCERTAIN)
    return bool(unsure.update(state=S.QUEUED, next_try_at=Now(), tries=0, error=""))


def page_of(path: str) -> str:
    """The address of a row's page, which only staff can open."""
    return f"{settings.EMG_CONFIG.service_urls.site_url}/admin/{path}/change/"
