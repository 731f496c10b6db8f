"""The grammar of accessions (``spec/ena.md`` §3). Nothing else in the code base parses one."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    STUDY = "study"
    SAMPLE = "sample"
    EXPERIMENT = "experiment"
    RUN = "run"
    ASSEMBLY = "assembly"
    SUBMISSION = "submission"
    CHECKLIST = "checklist"
    ACCOUNT = "account"


# Kind, full-match pattern (ASCII digits, no trailing newline), example. Within a kind the primary form comes first.
GRAMMAR: tuple[tuple[Kind, re.Pattern[str], str], ...] = (
    (Kind.STUDY, re.compile(r"\APRJ[EDN][A-Z][0-9]+\Z"), "PRJEB51728"),
    (Kind.STUDY, re.compile(r"\A[EDS]RP[0-9]{6,}\Z"), "ERP136383"),
    (Kind.SAMPLE, re.compile(r"\ASAM[EDN][A-Z]?[0-9]+\Z"), "SAMEA7687881"),
    (Kind.SAMPLE, re.compile(r"\A[EDS]RS[0-9]{6,}\Z"), "ERS5444411"),
    (Kind.EXPERIMENT, re.compile(r"\A[EDS]RX[0-9]{6,}\Z"), "ERX4783303"),
    (Kind.RUN, re.compile(r"\A[EDS]RR[0-9]{6,}\Z"), "ERR4918394"),
    (Kind.ASSEMBLY, re.compile(r"\A[EDS]RZ[0-9]{6,}\Z"), "ERZ2626953"),
    (Kind.ASSEMBLY, re.compile(r"\AGCA_[0-9]{9}\.[0-9]+\Z"), "GCA_000001405.1"),
    (Kind.SUBMISSION, re.compile(r"\A[EDS]RA[0-9]{6,}\Z"), "ERA3060002"),
    (Kind.CHECKLIST, re.compile(r"\AERC[0-9]{6}\Z"), "ERC000011"),
    (Kind.ACCOUNT, re.compile(r"\AWebin-[0-9]+\Z"), "Webin-460"),
)
ANY = re.compile("|".join(f"({pattern.pattern})" for _, pattern, _ in GRAMMAR))
FORMS = [(kind, kind not in [of for of, _, _ in GRAMMAR[:place]]) for place, (kind, _, _) in enumerate(GRAMMAR)]
MADE_UP = re.compile(
    r"\b(?:PRJEB999[0-9]{5,}|ERP999[0-9]{3,4}|SAMEA999[0-9]{6}|ER[SXZA]999[0-9]{5}|ERR999[0-9]{6}|Webin-999[0-9]{5})\b",
    re.ASCII,
)
MAX_LENGTH = 32
BLANKS = " \t"  # a newline is no blank: it has been used to slip past checks


@dataclass(frozen=True)
class Parsed:
    text: str
    kind: Kind
    is_primary: bool = True


class BadAccession(ValueError):
    """Text that is no accession of the kinds expected."""

    def __init__(self, value: str, kinds: Collection[Kind], field: str) -> None:
        examples = {kind: " or ".join(example for of, _, example in GRAMMAR if of == kind) for kind in kinds}
        expected = "; ".join(f"a {kind} such as {example}" for kind, example in examples.items())
        super().__init__(f"{field}: {value!r} is not an accession. Expected {expected}")
        self.field, self.value, self.kinds = field, value, tuple(kinds)


def parse_accession(text: str, kinds: Iterable[str] = tuple(Kind), *, field: str = "accession") -> Parsed:
    """Read one accession, whatever its case, with outer blanks allowed.

    :param kinds: the kinds to accept, :class:`Kind` or their names
    :raises BadAccession: names the field, the value and the kinds expected, with an example each
    """
    parsed = _recognise(text)
    if parsed is None or parsed.kind not in kinds:
        raise BadAccession(text, [Kind(kind) for kind in kinds], field)
    return parsed


def split_accessions(cell: str, kinds: Iterable[str] = tuple(Kind)) -> tuple[list[str], list[str]]:
    """Take a ``;`` list apart, in order, without repeats.

    :return: the good accessions, and the items that are none, as they stand in the cell
    """
    good: dict[str, None] = {}
    broken: list[str] = []
    for item in filter(None, (part.strip(BLANKS) for part in cell.split(";"))):
        parsed = _recognise(item)
        if parsed and parsed.kind in kinds:
            good[parsed.text] = None
        else:
            broken.append(item)
    return list(good), broken


def is_primary_form(accession: str) -> bool:
    """Say whether it has the first form of its kind: ``PRJ…`` of a study, ``SAM…`` of a sample."""
    parsed = _recognise(accession)
    return parsed is not None and parsed.is_primary


def made_up_in(text: str) -> str | None:
    """Find the first accession of the range kept for tests, which the real ENA must never be asked for."""
    found = MADE_UP.search(text)
    return found.group() if found else None


def _recognise(text: str) -> Parsed | None:
    stripped = text.strip(BLANKS)
    lifted = stripped if stripped.startswith("Webin-") else stripped.upper()
    if len(lifted) > MAX_LENGTH or not stripped.isascii():  # some letters outside ASCII are lifted into it
        return None
    found = ANY.match(lifted)
    return Parsed(lifted, *FORMS[found.lastindex - 1]) if found and found.lastindex else None
