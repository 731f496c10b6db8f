"""Every row of a question, of every portal, as typed records (``spec/ena.md`` §5.2, §5.3). Network only."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from hashlib import blake2b
from operator import or_
from typing import Self

from django.conf import settings

from ena import errors
from ena.accessions import Kind, is_primary_form
from ena.answers import Answer, Row, filled_cells, texts_of
from ena.credentials import Credentials, hub_credentials
from ena.models import Study, Visibility
from ena.negotiation import search_portal
from ena.query import Query, check_query, equals, on_or_after, render
from ena.records import (
    CONTRACTS,
    RENAMED,
    SHOWN,
    STUDY_COLUMNS,
    Record,
    ResultType,
    read_record,
    shipped_fields,
    wanted_fields,
)

ACCESSIONS_A_POST = 100
TEXTS_KNOWN = 100_000  # about 8 MiB
IS_ASSEMBLY = equals("analysis_type", "SEQUENCE_ASSEMBLY")


@dataclass
class Listing:
    """The spooled answers of all portals to one question; a context manager.

    :param complete: every portal answered in full; otherwise good for what is there, worthless for what is not
    :param evidence: one line a portal for the report
    """

    result: ResultType
    of_study: frozenset[str]
    answers: list[Answer] = field(default_factory=list)
    asked: frozenset[str] = frozenset()
    dropped_fields: frozenset[str] = frozenset()
    complete: bool = True
    evidence: list[dict[str, str | int | float]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    broken_count: int = 0
    seconds: float = 0

    def records(self) -> Iterator[tuple[int, Record]]:
        """Stream the records with the rank of their portal. One bad record does not stop the rest."""
        self.broken.clear()
        self.broken_count = 0
        for rank, row in self._rows():
            record = read_record(self.result, row)
            if record is None:
                self._tell(f"no accession: {str(row)[:200]}")
                continue
            for cell in record.broken:
                self._tell(f"{record.accession}: {cell}")
            named = record.parents.get(Kind.STUDY)
            # ENA's equality is not relied upon: what names other studies only is not of this one.
            if not named or not self.of_study or self.of_study.intersection(named):
                yield rank, record

    def _rows(self) -> Iterator[tuple[int, Row]]:
        """Each row, but what the first portal has already told word for word: most of what the others tell."""
        told: set[bytes] = set()
        for rank, answer in enumerate(self.answers):
            for text in texts_of(answer.body):
                digest = blake2b(text, digest_size=16).digest()
                if digest in told:
                    continue
                if rank == 0 < len(self.answers) - 1 and len(told) < TEXTS_KNOWN:
                    told.add(digest)
                yield rank, filled_cells(text)

    def accessions(self) -> set[str]:
        """Every accession, primary or secondary, of every record."""
        return {accession for _, record in self.records() for accession in record.accessions}

    def _tell(self, fault: str) -> None:
        self.broken_count += 1
        if len(self.broken) < SHOWN:
            self.broken.append(fault)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for answer in self.answers:
            answer.body.close()


def list_samples(study: Study) -> Listing:
    """List the samples of a study, as its level says: public ones anonymously, private ones as the data hub."""
    return _list_children(ResultType.SAMPLE, study)


def list_runs(study: Study) -> Listing:
    """List the runs of a study, all strategies: policies choose later, locally."""
    return _list_children(ResultType.READ_RUN, study)


def list_assemblies(study: Study) -> Listing:
    """List the assemblies of a study, all types: those that are analysed are chosen later, locally."""
    return _list_children(ResultType.ANALYSIS, study, IS_ASSEMBLY)


def list_by_accession(
    result: ResultType, accessions: Sequence[str], *, only: frozenset[str] | None = None, hub: Credentials | None = None
) -> Listing:
    """List records by any of their accessions, whatever study they are in.

    :param only: the columns to ask for, instead of all that are wanted
    """
    columns = CONTRACTS[result].identity
    chunks = (accessions[start : start + ACCESSIONS_A_POST] for start in range(0, len(accessions), ACCESSIONS_A_POST))
    return ask_portals(result, [study_query(chunk, columns=columns) for chunk in chunks], only=only, hub=hub)


def list_changed(result: ResultType, *, since: date) -> Listing:
    """List what ENA has touched since a day: accessions and their studies', nothing else."""
    query = on_or_after("last_updated", since)
    if result == ResultType.ANALYSIS:
        query &= IS_ASSEMBLY
    contract = CONTRACTS[result]
    return ask_portals(result, [query], only=frozenset({*contract.identity, *contract.parents.get(Kind.STUDY, ())}))


def ask_portals(
    result: ResultType,
    queries: Sequence[Query],
    *,
    only: frozenset[str] | None = None,
    of_study: frozenset[str] = frozenset(),
    hub: Credentials | None = None,
) -> Listing:
    """Ask every portal (or the hub's, with its credentials) in full. First-hit would let a subset hide the rest.

    :param queries: one question, in as many parts as it takes
    :raises EnaError: no portal answered, or a fault that another portal cannot make good
    """
    for query in queries:
        check_query(query, shipped_fields(result))
    listing, failures = Listing(result, of_study), []
    question: dict[str, str | int | float] = {
        "result": result,
        "query": " | ".join(map(render, queries[:1])),
        "parts": len(queries),
    }
    try:
        for name in [hub.portal] if hub else settings.EMG_CONFIG.ena.data_portals:
            started = time.monotonic()
            line: dict[str, str | int | float] = {"portal": name, **question}
            try:
                answer, dropped = search_portal(result, queries, name, hub, only or wanted_fields(result))
            except (errors.EnaUnavailable, errors.IncompleteAnswer, errors.ForeignAnswer) as error:
                failures.append(error)
                line |= {"status": type(error).__name__}
            else:
                listing.answers.append(answer)
                listing.asked |= {RENAMED.get(one, one) for one in answer.fields}
                listing.dropped_fields |= dropped
                line |= {"status": "complete", "rows": answer.rows}
            listing.seconds += time.monotonic() - started
            listing.evidence.append(line | {"seconds": round(time.monotonic() - started, 3)})
        if not listing.answers:
            raise failures[0]
    except BaseException:
        listing.__exit__()
        raise
    listing.complete = not failures
    return listing


def study_query(accessions: Iterable[str], *, columns: Sequence[str] = STUDY_COLUMNS) -> Query:
    """Ask for any of a study's accessions, each in the column of its form: the primary one first."""
    return reduce(or_, (equals(columns[0 if is_primary_form(one) else -1], one) for one in accessions))


def _list_children(result: ResultType, study: Study, condition: Query | None = None) -> Listing:
    if study.visibility == Visibility.SUPPRESSED:
        raise errors.StudyNotAvailable(f"{study.accession} is suppressed: only looks are made", "absent")
    hub = None
    if study.visibility == Visibility.PRIVATE and (hub := hub_credentials()) is None:
        raise errors.MissingCredentials(f"{study.accession} is private, and this installation has no data hub account")
    columns = CONTRACTS[result].parents[Kind.STUDY]
    accessions = sorted(study.aliases.values_list("accession", flat=True))
    if len(columns) == 1:  # samples know project accessions only
        accessions = [one for one in accessions if is_primary_form(one)] or accessions
    query = study_query(accessions, columns=columns)
    return ask_portals(result, [query & condition if condition else query], of_study=frozenset(accessions), hub=hub)
