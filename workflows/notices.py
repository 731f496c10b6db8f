"""The duty ``notices``: what is queued is sent, never twice (``spec/pipelines.md`` §4.14).

1. Requests nobody was told of become notices.  2. A claim that ran out is uncertain: its sender died, and perhaps
after the other side had it.  3. Claim one, with a lease.  4. Send, outside any transaction.  5. Mark it: sent; or
queued again where the other side certainly has not got it; or uncertain, which only a person sends again.
"""

from datetime import timedelta
from typing import Any

import requests
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from urllib3.exceptions import NewConnectionError

from analyses.models import AnalysisRequest
from workflows.models import Notice
from workflows.services.notices import queue_tickets

S = Notice.State
LEASE, LONGEST_PAUSE, PATIENCE = timedelta(minutes=2), timedelta(hours=1), timedelta(days=1)
PERHAPS_DONE = {502, 504}  # of a gateway, which cannot say what became of it behind


class NotDelivered(Exception):
    """It certainly did not arrive."""


class PerhapsDelivered(Exception):
    """There is no telling."""


def send_due() -> bool:
    """:return: whether something was sent"""
    queue_tickets()
    Notice.objects.filter(state=S.SENDING, lease_until__lt=Now()).update(
        state=S.UNCERTAIN, lease_until=None, error="its sender died"
    )
    reachable = [channel for channel in Notice.Channel if _address(channel)]
    due = Notice.objects.filter(state=S.QUEUED, next_try_at__lte=Now(), channel__in=reachable)
    sent = [_send_one(pk) for pk in due.order_by("next_try_at", "pk").values_list("pk", flat=True)[:50]]
    return any(sent)


def _send_one(pk: int) -> bool:
    claim = {"state": S.SENDING, "lease_until": Now() + LEASE, "tries": F("tries") + 1}
    if not Notice.objects.filter(pk=pk, state=S.QUEUED).update(**claim):
        return False
    notice = Notice.objects.select_related("study").get(pk=pk)
    try:
        _post(notice)
    except NotDelivered as error:
        pause = min(timedelta(seconds=10) * 2**notice.tries, LONGEST_PAUSE)
        state = S.QUEUED if _is_fresh(notice) else S.UNCERTAIN
        _mark(notice, state=state, next_try_at=Now() + pause, error=str(error))
    except PerhapsDelivered as error:
        _mark(notice, state=S.UNCERTAIN, error=str(error))
    else:
        _mark(notice, state=S.SENT, sent_at=Now(), error="")
        return True
    return False


def _post(notice: Notice) -> None:
    """:raises NotDelivered, PerhapsDelivered: told without the address, which is a secret of its own"""
    headers, body = _letter(notice)
    try:
        answer = requests.post(
            _address(notice.channel), json=body, headers=headers, timeout=settings.EMG_CONFIG.notify.seconds
        )
    except requests.ConnectTimeout as error:
        raise NotDelivered("no connection in time") from error
    except requests.RequestException as error:
        was_refused = isinstance(getattr(error.args[0], "reason", None), NewConnectionError) if error.args else False
        raise (NotDelivered if was_refused else PerhapsDelivered)(type(error).__name__) from error
    if answer.status_code in PERHAPS_DONE:
        raise PerhapsDelivered(f"status {answer.status_code}")
    if not answer.ok:
        raise NotDelivered(f"status {answer.status_code}")


def _letter(notice: Notice) -> tuple[dict[str, str], dict[str, Any]]:
    """Headers and body as the channel takes them: a Slack webhook, or RT's REST2 ``/ticket``."""
    notify = settings.EMG_CONFIG.notify
    if notice.channel == Notice.Channel.HELP_DESK:
        token = notify.help_desk_token.get_secret_value() if notify.help_desk_token else ""
        subject = notice.text.partition("\n")[0]
        body = {
            "Queue": notify.help_desk_queue,
            "Subject": subject,
            "Content": notice.text,
            "ContentType": "text/plain",
        }
        return {"Authorization": f"token {token}"}, body
    watchers = notice.study.watchers.filter(user__is_staff=True, user__is_active=True) if notice.study else ()
    names = " ".join(f"@{watcher.user.username}" for watcher in watchers.select_related("user")) if watchers else ""
    return {}, {"text": f"{notice.text} {names}".strip()}


def _address(channel: str) -> str:
    """Empty: the notices of the channel stay rows, for the admin to show."""
    notify = settings.EMG_CONFIG.notify
    if channel == Notice.Channel.TEAM:
        return notify.team_webhook.get_secret_value() if notify.team_webhook else ""
    return notify.help_desk_url


def _is_fresh(notice: Notice) -> bool:
    return Notice.objects.filter(pk=notice.pk, created_at__gt=Now() - PATIENCE).exists()


@transaction.atomic
def _mark(notice: Notice, **columns: Any) -> None:
    mine = Notice.objects.filter(pk=notice.pk, state=S.SENDING)
    if mine.update(lease_until=None, **columns) and columns["state"] == S.SENT:
        request_id = notice.key.removeprefix("request:")
        if request_id != notice.key:
            AnalysisRequest.objects.filter(pk=request_id).update(ticket_sent_at=Now())
