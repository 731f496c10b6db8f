"""Bring all that ENA shows of a study up to date here (``spec/ena.md`` §7)."""

from collections.abc import Collection

from analyses.models import Study
from analyses.services.adopt_assemblies import adopt_assemblies
from analyses.services.adopt_runs import adopt_runs
from analyses.services.adopt_samples import adopt_samples
from analyses.services.adopt_study import adopt_study
from ena.errors import EnaError
from ena.models import Outcome
from ena.services import mirror_study

PARTS = {"samples": adopt_samples, "runs": adopt_runs, "assemblies": adopt_assemblies}
WHY = {
    Outcome.PARTIAL: "a portal did not answer; try again",
    Outcome.HELD: "more is missing in ENA than goes by itself; a curator must let it count",
}


class RefreshStopped(EnaError):
    """ENA failed half-way. The message says what is up to date; starting again does the rest."""


class AbsencesHeld(RefreshStopped):
    """ENA answered, but much is missing there: a curator must look."""


def refresh_study(*, accession: str, actor: str, only: Collection[str] | None = None) -> Study:
    """Look at a study, then mirror it, its samples, runs and assemblies, in this order. Twice is once.

    Each part is one transaction: whoever is killed, the next call goes on as if nothing had happened.

    :param only: of ``study``, ``samples``, ``runs``, ``assemblies``; the study itself is always looked at; None = all
    :raises BadAccession: before anything is asked
    :raises StudyNotAvailable: ENA shows no such study, or did not answer for certain; nothing else was changed
    :raises RefreshStopped: ENA failed at a later part, or much is missing there
    """
    if unknown := set(only or ()) - {"study", *PARTS}:
        raise ValueError(f"only: {', '.join(sorted(unknown))} is not one of study, {', '.join(PARTS)}")
    study = adopt_study(ena_study=mirror_study(accession=accession, actor=actor))
    refresh_children(study=study, accession=accession, actor=actor, only=only)
    study.refresh_from_db()
    return study


def refresh_children(*, study: Study, accession: str, actor: str, only: Collection[str] | None = None) -> None:
    """Mirror the samples, runs and assemblies of a study that has just been looked at.

    :raises RefreshStopped: ENA failed, or much is missing there
    """
    done = ["study"]
    for part in [part for part in PARTS if only is None or part in only]:
        try:
            report = PARTS[part](study=study, actor=actor)
        except EnaError as error:
            told = f"{accession}: {' and '.join(done)} up to date, {part} unchanged; try again. {error}"
            raise RefreshStopped(told) from error
        if report.outcome in WHY:
            told = f"{accession}: {' and '.join(done)} up to date, {part} in part: {WHY[Outcome(report.outcome)]}"
            raise (AbsencesHeld if report.outcome == Outcome.HELD else RefreshStopped)(told)
        done.append(part)
