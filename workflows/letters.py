"""What a notice says in its channel, and to whom (``spec/pipelines.md`` §4.14)."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings

from ena.models import Visibility
from workflows.cluster.secrets import mask
from workflows.models import Notice

K = Notice.Kind
ICONS = {K.SUCCESS: ":white_check_mark:", K.FAILURE: ":x:", K.NEEDS_ATTENTION: ":raised_hand:", K.RECOVERED: ":ok:"}
REPEATABLE = "it may have arrived"  # the error of what is sent again nevertheless
SHOWN = 20  # Slack cuts long messages off


def team_message(notices: list[Notice]) -> str:
    """One Slack message about one study, or about none.

    The level is looked at now, not when it happened. Details are for a channel whose readers may see all: a public
    study has private runs.
    """
    names_private = settings.EMG_CONFIG.notify.channel_is_private
    study = notices[0].study
    lines = []
    if study:
        may_name = names_private or study.visibility == Visibility.PUBLIC
        lines.append(f"*{escaped(f'{study}: {study.title}')}*" if may_name else "*A private study*")
    for notice in notices[:SHOWN]:
        repeat = " (repeat)" if notice.error.startswith(REPEATABLE) else ""
        lines.append(f"{ICONS[K(notice.kind)]} {escaped(str(notice))}{repeat} <{page_of(notice)}|open>")
        if names_private and notice.text:
            lines.append(escaped(mask(notice.text)))
    if len(notices) > SHOWN:
        lines.append(f"and {len(notices) - SHOWN} more")
    return "\n".join([*lines, *_mentions(notices)])


def ticket(notice: Notice) -> dict[str, Any]:
    """The body of RT's REST2 ``/ticket``."""
    return {
        "Queue": settings.EMG_CONFIG.notify.help_desk_queue,
        "Subject": notice.heading,
        "Content": f"{notice.heading}\n{notice.text}\n\n{page_of(notice)}",
        "ContentType": "text/plain",
    }


def event_of(notice: Notice) -> dict[str, Any]:
    """What Prefect's ``POST /events`` takes. Always the same id: Prefect writes none twice."""
    about = f"study.{notice.study.accession}" if notice.study else notice.page.replace("/", ".")
    return {
        "id": str(uuid5(NAMESPACE_URL, f"{notice.key} {notice.created_at.isoformat()}")),
        "event": notice.heading,
        "occurred": notice.created_at.isoformat(),
        "resource": {"prefect.resource.id": f"emg.{about}"},
        "payload": notice.payload | {"page": page_of(notice)},
    }


def escaped(text: str) -> str:
    """A title at ENA must not be able to call everybody: ``<!channel>``."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def page_of(notice: Notice) -> str:
    """The address of the row's page, which only staff can open."""
    return f"{settings.EMG_CONFIG.service_urls.site_url}/admin/{notice.page}/change/"


def _mentions(notices: list[Notice]) -> list[str]:
    """Who watches the study, and who started what failed or asks."""
    study = notices[0].study
    watchers = study.watchers.filter(user__is_staff=True, user__is_active=True) if study else None
    names = set(watchers.values_list("user__username", flat=True)) if watchers else set()
    names |= {notice.asked_by for notice in notices if notice.asked_by}
    known = settings.EMG_CONFIG.notify.slack_ids
    line = " ".join(f"<@{known[name]}>" for name in sorted(names) if name in known)
    return [line] if line else []
