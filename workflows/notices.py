"""The duty ``notices``: what is queued is sent, never twice (``spec/pipelines.md`` §4.14).

1. Requests nobody was told of become notices.  2. A claim that ran out is uncertain: its sender died, and perhaps
after the other side had it.  3. Claim what makes one message, with a lease.  4. Send, outside any transaction.
5. Mark it: sent; or queued again where the other side certainly has not got it; or uncertain, which only a person
sends again. What needs a person is worth telling twice: it is queued again, and says so. An event for programs has an
id: it is queued again until Prefect shows that it is written down.
"""

from datetime import timedelta
from typing import Any

import requests
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from urllib3.exceptions import NewConnectionError

from analyses.models import AnalysisRequest
from workflows.cluster.failpoints import failpoint
from workflows.letters import REPEATABLE, event_of, team_message, ticket
from workflows.models import Notice
from workflows.services.notices import queue_tickets

S, TEAM, PREFECT = Notice.State, Notice.Channel.TEAM, Notice.Channel.PREFECT
LEASE, LONGEST_PAUSE, PATIENCE = timedelta(minutes=2), timedelta(hours=1), timedelta(days=1)
AT_ONCE = 50
PERHAPS_DONE = {502, 504}  # of a gateway, which cannot say what became of it behind


class NotDelivered(Exception):
    """It certainly did not arrive."""


class PerhapsDelivered(Exception):
    """There is no telling."""


def send_due() -> bool:
    """:return: whether something was sent"""
    queue_tickets()
    _leave_open(Notice.objects.filter(state=S.SENDING, lease_until__lt=Now()), "its sender died")
    due = _due()
    waiting = due.values_list("channel", flat=True).distinct()
    addresses = {channel: address for channel in waiting if (address := _address(channel))}
    sent: list[bool] = []
    while len(sent) < AT_ONCE and (notices := _claim(due.filter(channel__in=addresses))):
        sent.append(_send(notices, addresses[notices[0].channel]))
    return any(sent)


def _due() -> QuerySet[Notice]:
    """Without what the team could not be told for a day, since there was no address: that is no news any more."""
    stale = Q(channel=TEAM, next_try_at__lt=Now() - PATIENCE)
    return Notice.objects.filter(state=S.QUEUED, next_try_at__lte=Now()).exclude(stale).order_by("next_try_at", "pk")


@transaction.atomic
def _claim(due: QuerySet[Notice]) -> list[Notice]:
    """The first, and with it whatever else the team is about to hear of the same study."""
    first = due.select_for_update(skip_locked=True).first()
    if first is None:
        return []
    together = Q(pk=first.pk)
    if first.channel == TEAM and first.study_id:
        together |= Q(channel=TEAM, study=first.study_id, state=S.QUEUED)
    ids = list(Notice.objects.filter(together).select_for_update(skip_locked=True).values_list("pk", flat=True))
    claimed = Notice.objects.filter(pk__in=ids)
    claimed.update(state=S.SENDING, lease_until=Now() + LEASE, tries=F("tries") + 1)
    return list(claimed.select_related("study").order_by("pk"))


def _send(notices: list[Notice], address: str) -> bool:
    mine = Notice.objects.filter(pk__in=[notice.pk for notice in notices], state=S.SENDING)
    try:
        _post(notices, address)
    except NotDelivered as error:
        pause = min(timedelta(seconds=10) * 2 ** notices[0].tries, LONGEST_PAUSE)
        fresh = mine.filter(created_at__gt=Now() - PATIENCE)
        again = {"state": S.QUEUED, "lease_until": None, "next_try_at": Now() + pause}
        fresh.filter(error__startswith=REPEATABLE).update(**again)  # an earlier try may have arrived still
        fresh.update(**again, error=str(error))
        mine.update(state=S.UNCERTAIN, lease_until=None, error=str(error))
    except PerhapsDelivered as error:
        _leave_open(mine, str(error))
    else:
        _mark_sent(notices, mine)
        return True
    return False


def _leave_open(notices: QuerySet[Notice], why: str) -> None:
    """It may have arrived."""
    repeatable = Q(kind=Notice.Kind.NEEDS_ATTENTION) | Q(channel=PREFECT)
    again = notices.filter(repeatable, created_at__gt=Now() - PATIENCE)
    again.update(state=S.QUEUED, lease_until=None, next_try_at=Now() + LEASE, error=f"{REPEATABLE}: {why}")
    notices.update(state=S.UNCERTAIN, lease_until=None, error=why)


@transaction.atomic
def _mark_sent(notices: list[Notice], mine: QuerySet[Notice]) -> None:
    keys = [notice.key.removeprefix("request:") for notice in notices if notice.key.startswith("request:")]
    if mine.update(state=S.SENT, lease_until=None, sent_at=Now(), error="") and keys:
        AnalysisRequest.objects.filter(pk__in=keys).update(ticket_sent_at=Now())


def _post(notices: list[Notice], address: str) -> None:
    """:raises NotDelivered, PerhapsDelivered: told without the address, which is a secret of its own"""
    if notices[0].channel == PREFECT:
        _write_event(notices[0])
        return
    headers, body = _letter(notices)
    try:
        answer = requests.post(address, json=body, headers=headers, timeout=settings.EMG_CONFIG.notify.seconds)
    except requests.ConnectTimeout as error:
        raise NotDelivered("no connection in time") from error
    except requests.RequestException as error:
        was_refused = isinstance(getattr(error.args[0], "reason", None), NewConnectionError) if error.args else False
        raise (NotDelivered if was_refused else PerhapsDelivered)(type(error).__name__) from error
    if answer.status_code in PERHAPS_DONE:
        raise PerhapsDelivered(f"status {answer.status_code}")
    if not answer.ok:
        raise NotDelivered(f"status {answer.status_code}")


def _write_event(notice: Notice) -> None:
    """:raises PerhapsDelivered: Prefect has it perhaps, and does not show it yet"""
    from workflows.prefect_utils.event_log import event_is_written  # noqa: PLC0415 - as below

    if not event_is_written(event_of(notice)):
        failpoint("event_sent")
        raise PerhapsDelivered("Prefect does not show it yet")


def _letter(notices: list[Notice]) -> tuple[dict[str, str], dict[str, Any]]:
    if notices[0].channel == TEAM:
        return {}, {"text": team_message(notices)}
    token = settings.EMG_CONFIG.notify.help_desk_token
    return {"Authorization": f"token {token.get_secret_value() if token else ''}"}, ticket(notices[0])


def _address(channel: str) -> str:
    """Empty: the notices of the channel stay rows, for the admin to show."""
    from workflows.prefect_utils.blocks import prefect_url, webhook_url  # noqa: PLC0415 - Prefect's second of imports, for senders

    notify = settings.EMG_CONFIG.notify
    if channel == PREFECT:
        return prefect_url()
    return webhook_url(notify.webhook_block) if channel == TEAM else notify.help_desk_url
