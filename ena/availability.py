"""Is a study public, private, gone, or can we not tell? (``spec/ena.md`` §6) The one door of levels.

:mod:`ena.looks` asks (network, no transaction); :mod:`ena.verdicts` decides, and is pure; what is here writes.
"""

import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils.dateparse import parse_date

from ena.looks import Look
from ena.models import Cause, Noun, Outcome, Study, SyncKind, SyncRun, Verdict, Visibility, VisibilityEvent

LOOK_AGAIN = timedelta(days=6.5)  # a nightly pass is never quite on time, and a week is the most
LEVEL_OF = {Verdict.PUBLIC: Visibility.PUBLIC, Verdict.PRIVATE: Visibility.PRIVATE}


def record_availability(*, look: Look, actor: str, report: dict[str, Any]) -> Study | None:
    """Write a look: the level if the verdict is certain, a strike for an absence, the evidence always.

    A look that began before the level was last told for certain may hide the study, but never open it.

    :param report: what became of the record
    :return: the study, or None if we have no row of it
    """
    with transaction.atomic():
        known = Study.objects.select_for_update(of=("self",)).filter(aliases__accession=look.accession)
        study = known.annotate(now=Now()).first()
        if study is None:
            return None
        began = study.now - timedelta(seconds=time.monotonic() - look.started)
        opens = LEVEL_OF.get(look.verdict, study.visibility) < study.visibility
        if opens and study.certain_at and study.certain_at > began:
            look.verdict, look.problem = (Verdict.UNKNOWN, "a look that ended meanwhile has hidden it; try again")
        sync_run = SyncRun.objects.create(
            kind=SyncKind.LOOK,
            study=study,
            outcome=Outcome.PARTIAL if look.verdict == Verdict.UNKNOWN else Outcome.COMPLETE,
            verdict=look.verdict,
            report={
                "questions": look.questions,
                "evidence": vars(look.evidence),
                "problem": look.problem,
                "mirror": report,
            },
            actor=actor,
            started_at=Now() - timedelta(seconds=look.seconds),
            finished_at=Now(),
        )
        changes = _changes(study, look, study.now)
        level = changes.get("visibility", study.visibility)
        Study.objects.filter(pk=study.pk).update(**changes)
        if level != study.visibility:
            VisibilityEvent.objects.create(
                noun=Noun.ENA_STUDY,
                object_id=study.pk,
                accession=study.accession,
                from_level=study.visibility,
                to_level=level,
                cause=look.evidence.positive or Cause(f"ena_{look.verdict}"),
                actor=actor,
                sync_run=sync_run,
                note=look.problem,
            )
    study.refresh_from_db()
    return study


def set_own_visibility(*, model: type[models.Model], ids: Sequence[int], level: int, actor: str, note: str = "") -> int:
    """Let a curator say the level of rows of another room, which hands its model in.

    ``absent_since`` is cleared where the model has one, so that ENA never undoes a curator: not even one who says of
    what ENA has withdrawn that it shall stay so.

    :return: the number of rows that this changed
    """
    with transaction.atomic():
        cleared = {"absent_since": None} if hasattr(model, "absent_since") else {}
        moving = model._default_manager.select_for_update().filter(pk__in=ids).exclude(own_visibility=level, **cleared)
        rows: list[Any] = list(moving.order_by("pk"))
        model._default_manager.filter(pk__in=[row.pk for row in rows]).update(own_visibility=level, **cleared)
        VisibilityEvent.objects.bulk_create(
            VisibilityEvent(
                noun=str(model._meta.model_name),
                object_id=row.pk,
                accession=str(row),
                from_level=row.own_visibility,
                to_level=level,
                cause=Cause.CURATOR,
                actor=actor,
                note=note,
            )
            for row in rows
        )
    return len(rows)


def _changes(study: Study, look: Look, now: datetime) -> dict[str, Any]:
    """Say what a verdict writes into a study's row."""
    ena = settings.EMG_CONFIG.ena
    if look.verdict == Verdict.UNKNOWN:
        looks = study.sync_runs.filter(kind=SyncKind.LOOK, verdict=Verdict.UNKNOWN)
        if study.certain_at:
            looks = looks.filter(finished_at__gt=study.certain_at)
        unknown_for = now - looks.aggregate(first=models.Min("finished_at"))["first"]
        wait = min(max(unknown_for, timedelta(hours=1)), timedelta(hours=24))
        return {"looked_at": now, "next_look_at": now + wait}
    certain = {"looked_at": now, "certain_at": now, "next_look_at": now + LOOK_AGAIN}
    if look.verdict == Verdict.ABSENT:
        wait = timedelta(hours=ena.strike_hours_positive if look.evidence.positive else ena.strike_hours)
        if study.absent_since is not None and now - study.absent_since >= wait:
            return certain | {"visibility": Visibility.SUPPRESSED}
        since = study.absent_since or now
        return {"looked_at": now, "next_look_at": since + wait, "absent_since": since}
    # A release ahead opens nothing by itself: the day after it is a reason to look.
    release = _day(look.record.metadata.get("first_public", "")) if look.record else None
    if release and now.date() <= release < (now + LOOK_AGAIN).date():
        day_after = datetime.combine(release + timedelta(days=1), datetime.min.time(), tzinfo=now.tzinfo)
        certain["next_look_at"] = min(day_after, now + LOOK_AGAIN)
    return certain | {"visibility": LEVEL_OF[look.verdict], "absent_since": None}


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:  # well formed, but no day of the calendar
        return None
