"""Which columns we ask for, and what a row of the portal becomes (``spec/ena.md`` §5.2)."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

from ena.accessions import Kind, is_primary_form, split_accessions

SHIPPED_FIELDS = Path(__file__).parent / "fields"
UNWANTED_ENDINGS = ("_aspera", "_galaxy")
UNWANTED = {"tax_lineage", "file_location"}
RENAMED = {"parent_study": "parent_study_accession"}


class ResultType(StrEnum):
    ANALYSIS = "analysis"
    ASSEMBLY = "assembly"
    CODING = "coding"
    NONCODING = "noncoding"
    SEQUENCE = "sequence"
    READ_EXPERIMENT = "read_experiment"
    READ_RUN = "read_run"
    SAMPLE = "sample"
    ANALYSIS_STUDY = "analysis_study"
    READ_STUDY = "read_study"
    STUDY = "study"
    TAXON = "taxon"
    TLS_SET = "tls_set"
    TSA_SET = "tsa_set"
    WGS_SET = "wgs_set"


@dataclass(frozen=True)
class Field:
    type: str
    returned: bool
    searchable: bool
    absent_from: frozenset[str]  # portals that never had it


@dataclass(frozen=True)
class Record:
    """One record of ENA: its accessions with the preferred one first, and its non-empty fields under ENA's names.

    :param parents: accessions of the study and the sample it names, by noun
    :param broken: cells that should hold accessions and do not
    """

    accession: str
    accessions: tuple[str, ...]
    metadata: dict[str, str]
    parents: dict[Kind, tuple[str, ...]] = field(default_factory=dict)
    broken: tuple[str, ...] = ()


@dataclass(frozen=True)
class RecordContract:
    """What a mirrored result must have.

    :param identity: the columns that hold its own accessions; the first is required, without it nothing is written
    :param parents: noun of a parent -> columns that name it
    """

    result: ResultType
    kind: Kind
    identity: tuple[str, ...]
    parents: Mapping[Kind, tuple[str, ...]]

    @property
    def required(self) -> frozenset[str]:
        return frozenset((self.identity[0], *(columns[0] for columns in self.parents.values())))


STUDY_COLUMNS = ("study_accession", "secondary_study_accession")
SAMPLE_COLUMNS = ("sample_accession", "secondary_sample_accession")
CONTRACTS = {
    contract.result: contract
    for contract in (
        RecordContract(ResultType.STUDY, Kind.STUDY, STUDY_COLUMNS, {}),
        RecordContract(ResultType.SAMPLE, Kind.SAMPLE, SAMPLE_COLUMNS, {Kind.STUDY: STUDY_COLUMNS[:1]}),
        RecordContract(
            ResultType.READ_RUN,
            Kind.RUN,
            ("run_accession",),
            {Kind.STUDY: STUDY_COLUMNS, Kind.SAMPLE: SAMPLE_COLUMNS},
        ),
    )
}


@cache
def shipped_fields(result: ResultType) -> dict[str, Field]:
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


def reader_of(result: ResultType) -> Callable[[Mapping[str, str]], Record | None]:
    """Make the function that turns a row of this result into a typed record, or None if no accession of it is whole."""
    contract = CONTRACTS[result]

    def read(row: Mapping[str, str]) -> Record | None:
        filled = {name: value for name, value in row.items() if value}
        for old in RENAMED.keys() & filled.keys():
            filled[RENAMED[old]] = filled.pop(old)
        own, broken = _accessions_in(filled, contract.identity, contract.kind)
        if not own:
            return None
        parents = {}
        for kind, columns in contract.parents.items():
            parents[kind], odd = _accessions_in(filled, columns, kind)
            broken += odd
        return Record(own[0], own, filled, parents, broken)

    return read


def _accessions_in(
    row: Mapping[str, str], columns: tuple[str, ...], kind: Kind
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Collect the accessions of some columns, the primary form first, then in ENA's order."""
    good, broken = split_accessions(";".join(row.get(column, "") for column in columns), [kind])
    return tuple(sorted(good, key=lambda accession: not is_primary_form(accession))), tuple(broken)
