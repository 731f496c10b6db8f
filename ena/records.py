"""Which columns we ask for, and what a row of the portal becomes (``spec/ena.md`` §5.2)."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path

from ena.accessions import Kind, is_primary_form, split_accessions

SHIPPED_FIELDS = Path(__file__).parent / "fields"
UNWANTED_ENDINGS = ("_aspera", "_galaxy")
UNWANTED = {"tax_lineage", "file_location"}
RENAMED = {"parent_study": "parent_study_accession"}
SHOWN = 100  # faults that a report spells out


class ResultType(StrEnum):
    """The results that are asked for, of ENA's fifteen."""

    STUDY = "study"
    READ_STUDY = "read_study"
    ANALYSIS_STUDY = "analysis_study"
    SAMPLE = "sample"
    READ_RUN = "read_run"
    ANALYSIS = "analysis"


@dataclass(frozen=True)
class Field:
    type: str
    returned: bool
    searchable: bool
    absent_from: frozenset[str]  # portals that never had it


@dataclass(frozen=True, eq=False)
class Record:
    """One record of ENA: its accessions with the preferred one first, and its non-empty fields under ENA's names.

    :param parents: accessions of the study, sample and runs that it names, by noun, in ENA's order
    :param broken: cells that should hold accessions and do not
    """

    accession: str
    accessions: tuple[str, ...]
    metadata: dict[str, str]
    parents: dict[Kind, tuple[str, ...]] = field(default_factory=dict)
    broken: tuple[str, ...] = ()

    def filled_by(self, later: "Record") -> "Record":
        """Fill its gaps with what another portal tells of the same thing."""
        own = tuple(sorted(dict.fromkeys(self.accessions + later.accessions), key=is_primary_form, reverse=True))
        metadata = later.metadata | self.metadata
        return replace(self, accession=own[0], accessions=own, metadata=metadata, broken=self.broken + later.broken)


@dataclass(frozen=True)
class RecordContract:
    """What a mirrored result must have.

    :param identity: the columns that hold its own accessions; the first is required, without it nothing is written
    :param parents: noun of a parent -> columns that name it
    :param decisive: further required columns: to lose one would read as "there is none"
    """

    kind: Kind
    identity: tuple[str, ...]
    parents: Mapping[Kind, tuple[str, ...]]
    decisive: tuple[str, ...] = ()

    @property
    def required(self) -> frozenset[str]:
        return frozenset((self.identity[0], *(columns[0] for columns in self.parents.values()), *self.decisive))


STUDY_COLUMNS = ("study_accession", "secondary_study_accession")
SAMPLE_COLUMNS = ("sample_accession", "secondary_sample_accession")
CONTRACTS = {
    ResultType.STUDY: RecordContract(Kind.STUDY, STUDY_COLUMNS, {}),
    ResultType.SAMPLE: RecordContract(Kind.SAMPLE, SAMPLE_COLUMNS, {Kind.STUDY: STUDY_COLUMNS[:1]}),
    ResultType.READ_RUN: RecordContract(
        Kind.RUN, ("run_accession",), {Kind.STUDY: STUDY_COLUMNS, Kind.SAMPLE: SAMPLE_COLUMNS}, ("fastq_ftp",)
    ),
    ResultType.ANALYSIS: RecordContract(
        Kind.ASSEMBLY,
        ("analysis_accession",),
        {Kind.STUDY: STUDY_COLUMNS, Kind.SAMPLE: SAMPLE_COLUMNS, Kind.RUN: ("run_accession",)},
    ),
}


@cache
def shipped_fields(result: str) -> dict[str, Field]:
    """The columns of a result as they were when this release was made: the fallback, and the list for type checks."""
    with (SHIPPED_FIELDS / f"{result}.tsv").open(encoding="utf-8", newline="") as lines:
        return {
            row["columnId"]: Field(
                row["type"],
                row["returned"] == "y",
                row["searchable"] == "y",
                frozenset(filter(None, row["absent_from_portals"].split(","))),
            )
            for row in csv.DictReader(lines, delimiter="\t")
        }


def wanted_fields(result: ResultType) -> frozenset[str]:
    """Every column that ENA returns, except those nobody reads; of a study all."""
    returned = {name for name, spec in shipped_fields(result).items() if spec.returned}
    if result == ResultType.STUDY:
        return frozenset(returned)
    return frozenset(name for name in returned - UNWANTED if not name.endswith(UNWANTED_ENDINGS))


def read_record(result: ResultType, metadata: dict[str, str]) -> Record | None:
    """Make a record of the filled cells of a row, which it keeps; None if no accession of it is whole."""
    contract = CONTRACTS[result]
    for old in RENAMED.keys() & metadata.keys():
        metadata[RENAMED[old]] = metadata.pop(old)

    def accessions(columns: tuple[str, ...], kind: Kind) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return _accessions_in(";".join(filter(None, map(metadata.get, columns))), kind)

    own, broken = accessions(contract.identity, contract.kind)
    if not own:
        return None
    parents = {}
    for kind, columns in contract.parents.items():
        parents[kind], odd = accessions(columns, kind)
        broken += odd
    if result == ResultType.SAMPLE:
        broken += tuple(read_relations(metadata.get("related_sample_accession", ""))[1])
    return Record(own[0], own, metadata, parents, broken)


def read_relations(cell: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Take ``related_sample_accession`` apart: ``<sample>:<relation>``, with ``;`` between them.

    :return: pairs of accession and relation, and the items that are none
    """
    good, broken = [], []
    for item in filter(None, (part.strip() for part in cell.split(";"))):
        accession, _, relation = item.partition(":")
        (found, _) = split_accessions(accession, [Kind.SAMPLE])
        if found and relation:
            good.append((found[0], relation.strip().lower()))
        else:
            broken.append(item)
    return good, broken


@lru_cache(maxsize=4096)  # a listing repeats the accessions of its study and samples in every row
def _accessions_in(cell: str, kind: Kind) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Take a list apart into its accessions, the primary form first, and what is none."""
    good, broken = split_accessions(cell, [kind])
    if len(good) > 1:
        good.sort(key=is_primary_form, reverse=True)
    return tuple(good), tuple(broken)
