"""The writes of the mirror (``spec/ena.md`` §7). Keyword-only, safe to run twice."""

import time
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from ena import bulk
from ena.accessions import Kind, parse_accession
from ena.availability import record_availability
from ena.bulk import MirrorReport
from ena.errors import StudyNotAvailable
from ena.listings import Listing
from ena.load_spec import Column, LoadSpec
from ena.looks import Look, look_at_study, why_not_available
from ena.models import Cause, Noun, Outcome, Study, SyncRun, Verdict, Visibility, VisibilityEvent
from ena.presence import Missing, record_presence, too_many_at_once
from ena.records import Record


def _study_title(record: Record) -> str:
    """What ENA calls the title, or the next best thing that it gives."""
    named = (record.metadata.get(key) for key in ("study_title", "description", "study_name"))
    return next(filter(None, named), "")


STUDIES = LoadSpec(
    table="ena_study",
    key="accession",
    aliases="ena_accession",
    noun="study",
    columns=(Column("title", "text", "study_title", _study_title),),
    stamp="fetched_at",
)
SAMPLES = LoadSpec(table="ena_sample", key="accession", aliases="ena_accession", noun="sample", stamp="fetched_at")


def mirror_study(*, accession: str, actor: str) -> Study:
    """Look at a study, then write its level, its record and all its accessions. No children.

    1. Look (network, no transaction).  2. In one transaction: the record, the aliases, the level, the evidence.

    :raises BadAccession: before anything is asked
    :raises StudyNotAvailable: ENA does not show it, or cannot tell; of a study that is stored the look is
    """
    look = look_at_study(parse_accession(accession, [Kind.STUDY]))
    study = store_look(look=look, actor=actor)
    if study is None or look.verdict not in (Verdict.PUBLIC, Verdict.PRIVATE):
        raise StudyNotAvailable(why_not_available(look), look.verdict)
    return study


def store_look(*, look: Look, actor: str) -> Study | None:
    """Write a look, in one transaction: the record, the aliases, the level, the evidence.

    :return: None if we have no row of the study
    """
    return bulk.repeat(lambda: _store_look(look, actor))


def look_again(*, accessions: Collection[str]) -> int:
    """Let studies be looked at now, unless they are anyway. That is how anyone asks for a look.

    :return: the number of studies that come sooner than they would have
    """
    studies = Study.objects.filter(aliases__accession__in=accessions, next_look_at__gt=Now())
    return Study.objects.filter(pk__in=studies.values("pk")).update(next_look_at=Now())


def mirror_samples(
    *, listing: Listing, actor: str, study: Study, shown: str, missing: Missing | None = None
) -> MirrorReport:
    """Write the records of a listing of samples, with their accessions, inside the caller's transaction.

    :param shown: SQL that holds for a stored row ``t`` which readers see: a private answer is nothing for them
    """
    started = time.monotonic()
    bulk.lock_mirror(study.accession, asked_at=study.visibility)
    bulk.stage_records(SAMPLES, listing.records())
    spec = SAMPLES if study.visibility == Visibility.PUBLIC else replace(SAMPLES, spared=shown)
    report = bulk.load_staged(spec, asked=listing.asked, portals=len(listing.answers), complete=listing.complete)
    record_mirror(
        kind="samples", study=study, listing=listing, report=report, missing=missing, actor=actor, started=started
    )
    return report


def mirror_named_samples(*, by: LoadSpec) -> None:
    """Give every sample that the staged runs name a row, so that none is without. Records we have are not touched."""
    bulk.stage_named(SAMPLES, by=by)
    bulk.load_staged(SAMPLES, asked=())


def record_mirror(
    *,
    kind: str,
    study: Study,
    listing: Listing,
    report: MirrorReport,
    missing: Missing | None,
    actor: str,
    started: float,
) -> None:
    """Complete a load's report with what the network told, keep it, and strike what is missing.

    :param missing: None if the listing does not prove what there is not
    :param started: the ``time.monotonic()`` at which our own work began
    """
    report.outcome = Outcome.COMPLETE if listing.complete else Outcome.PARTIAL
    report.broken = list(dict.fromkeys(report.broken + listing.broken))
    report.broken_count += listing.broken_count
    report.dropped_fields = sorted(listing.dropped_fields)
    report.own_seconds = round(time.monotonic() - started, 3)
    report.ena_seconds = round(listing.seconds, 3)
    if missing:
        report.absent_count = len(missing.accessions)
        report.outcome = Outcome.HELD if too_many_at_once(missing) else report.outcome
    sync_run = SyncRun.objects.create(
        kind=kind,
        study=study,
        outcome=report.outcome,
        report={"absent": missing.accessions if missing else [], "questions": listing.evidence, "mirror": vars(report)},
        actor=actor,
        started_at=Now() - timedelta(seconds=report.ena_seconds + report.own_seconds),
        finished_at=Now(),
    )
    if missing and report.outcome != Outcome.HELD:
        record_presence(missing=missing, sync_run=sync_run, actor=actor)


def set_study_owner(*, study: Study, webin_account: str, actor: str) -> None:
    """Say who owns a study. Never guessed: from Webin Reports, or by a curator.

    :raises BadAccession: not a bare Webin account
    """
    account = parse_accession(webin_account, [Kind.ACCOUNT], field="webin_owner").text
    with transaction.atomic():
        locked = Study.objects.select_for_update().get(pk=study.pk)
        if locked.webin_owner == account:
            return
        Study.objects.filter(pk=study.pk).update(webin_owner=account)
        VisibilityEvent.objects.create(
            noun=Noun.ENA_STUDY,
            object_id=study.pk,
            accession=study.accession,
            from_level=locked.visibility,
            to_level=locked.visibility,
            cause=Cause.CURATOR,
            actor=actor,
            note=f"owner {locked.webin_owner or 'nobody'} is now {account}",
        )


def merge_studies(*, keep: Study, drop: Study, actor: str) -> None:
    """Join the accessions and the evidence of two rows, and delete the emptied one, in the caller's transaction."""
    list(Study.objects.select_for_update().filter(pk__in=[keep.pk, drop.pk]).order_by("pk"))
    drop.aliases.update(study=keep, is_primary=False)
    Study.objects.filter(pk=keep.pk, webin_owner=None).update(webin_owner=drop.webin_owner)
    drop.sync_runs.update(study=keep)
    VisibilityEvent.objects.create(
        noun=Noun.ENA_STUDY,
        object_id=drop.pk,
        accession=drop.accession,
        from_level=drop.visibility,
        to_level=keep.visibility,
        cause=Cause.MERGE,
        actor=actor,
        note=f"merged into {keep}",
    )
    Study.objects.filter(pk=drop.pk).delete()


def _store_look(look: Look, actor: str) -> Study | None:
    report = MirrorReport()
    if look.record:
        bulk.lock_mirror(look.record.accession)
        bulk.stage_records(STUDIES, [(0, look.record)])
        report = bulk.load_staged(STUDIES, asked=look.asked)
        report.broken = [f"{look.record.accession}: {cell}" for cell in look.record.broken]
        report.dropped_fields = sorted(look.dropped_fields)
        if report.conflicts:
            look.problem = f"its accessions belong to several studies here: {report.conflicts}"
    report.ena_seconds = round(look.seconds, 3)
    return record_availability(look=look, actor=actor, report=vars(report))
