"""The stand-in's records and who may see them (``spec/ena.md`` §12.5 and ``data/README.md``).

A served row is a copy of a line of the data set in which sums, sizes and counts are those of the files
we made. A study's level covers all below it; a sample's or run's own level covers only itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from threading import Lock

from ena.records import Field, shipped_fields
from ena.standin.bulk_study import add_bulk_study
from ena.standin.reads import MadeFile, Recipe

DATA = Path(__file__).parent / "data"
KEY = {
    "study": "study_accession",
    "sample": "sample_accession",
    "read_run": "run_accession",
    "analysis": "analysis_accession",
}
# A derived result joins a table's rows with their study; it needs no row in the study table.
DERIVED = {"read_study": "read_run", "read_experiment": "read_run", "analysis_study": "analysis"}
FILE_FAMILIES = ("fastq", "submitted", "generated")
PUBLIC, PRIVATE, SUPPRESSED, KILLED = LEVELS = ("public", "private", "suppressed", "killed")
PORTALS = ("ena", "metagenome", "pathogen", "faang")
HUB_PORTAL = {"dcc_metagenome": "metagenome", "dcc_compare": "pathogen", "dcc_faang": "faang"}
ONLY_IN_ENA_PORTAL = "PRJEB99900007"
PUBLIC_HOST, PRIVATE_HOST = "ftp.sra.ebi.ac.uk/", "ftp.dcc-private.ebi.ac.uk/"

Row = dict[str, str]


@dataclass(frozen=True)
class Column(Field):
    """A field of a result; ``source`` is the cell it shows, none for a blank column."""

    name: str
    source: str


@dataclass(frozen=True)
class State:
    level: str
    hub: str = ""


def read_table(path: Path) -> list[Row]:
    header, *lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]


@cache
def columns_of(result: str) -> dict[str, Column]:
    """The field catalogue of a result, by name; empty for a result that has no rows here."""
    if result in DERIVED:
        return columns_of("study") | columns_of(DERIVED[result])
    if result not in KEY:
        return {}
    return {name: Column(**vars(one), name=name, source=name) for name, one in shipped_fields(result).items()}


class Dataset:
    """All rows, and their levels, which may change while the server runs."""

    def __init__(self, *, recipes: list[Recipe], files: dict[str, MadeFile], bulk_runs: int = 0) -> None:
        self.files = files
        self.file_owner = {recipe.path: recipe.accession for recipe in recipes}
        self.bulk_runs = bulk_runs
        self._fragments = _count_fragments(recipes)
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Every record and level as delivered."""
        tables = {result: self._load_table(result) for result in KEY}
        if self.bulk_runs:
            add_bulk_study(tables, self.bulk_runs)
        listed = read_table(DATA / "made_up" / "visibility.tsv")
        self._owners = {row["accession"]: row["owner"] for row in listed}
        # The list also names a study that only lacks its row in the study table: no level of its own.
        listed = [row for row in listed if row["state"] in LEVELS]
        self._states = {row["accession"]: State(row["state"], row["datahub"]) for row in listed}
        self.tables = tables
        # Reversed, so that the first of two rows with one secondary accession is the one that is found.
        self._by_accession = {
            accession: (result, row)
            for result, rows in tables.items()
            for row in reversed(rows)
            for accession in _own_accessions(result, row)
        }

    def rows(self, result: str, *, portal: str, hub: str | None = None, hub_only: bool = False) -> Iterator[Row]:
        """What a caller finds: public records of a portal, and those of its hub on the hub's portal."""
        for row in self._all_rows(result):
            state = self.state_of(row)
            if state.level == PUBLIC and not hub_only:
                if portal == "ena" or (portal == "metagenome" and row["study_accession"] != ONLY_IN_ENA_PORTAL):
                    yield row
            elif state.level == PRIVATE and hub == state.hub and portal == HUB_PORTAL.get(hub, "ena"):
                yield row

    def find(self, accession: str) -> tuple[str, Row] | None:
        """(result, row) of one accession, primary or secondary, whatever its level."""
        return self._by_accession.get(accession)

    def state_of(self, row: Row) -> State:
        """The stricter of a row's own state and the most open of its studies."""
        own = next(row[key] for key in reversed(KEY.values()) if key in row)
        studies = (self._states.get(study, State(PUBLIC)) for study in row["study_accession"].split(";"))
        return max(min(studies, key=_strictness), self._states.get(own, State(PUBLIC)), key=_strictness)

    def owner_of(self, row: Row) -> str:
        """Whose record it is, by itself or by a study of it; empty for what nobody here owns."""
        own = next(row[key] for key in reversed(KEY.values()) if key in row)
        return next(filter(None, (self._owners.get(one) for one in [own, *row["study_accession"].split(";")])), "")

    def set_state(self, accession: str, state: str, *, first_public: str | None = None) -> None:
        """Release, withdraw, suppress or kill a record; private ones go to the hub they had, or ours.

        :raises KeyError: no such record
        :raises ValueError: no such level
        """
        if state not in LEVELS:
            raise ValueError(f"state {state!r} is none of {', '.join(LEVELS)}")
        with self._lock:
            result, row = self._by_accession[accession]
            accession = row[KEY[result]]
            hub = self._states.get(accession, State(state)).hub or "dcc_metagenome"
            self._states = self._states | {accession: State(state, hub)}
            for covered in (row for rows in self.tables.values() for row in rows):
                if accession == covered.get(KEY[result]) or accession in covered["study_accession"].split(";"):
                    self._restate(covered, first_public)

    def _restate(self, row: Row, first_public: str | None) -> None:
        """Cells that follow the level; what is read at this moment sees each cell old or new."""
        level = self.state_of(row).level
        hosts = (PUBLIC_HOST, PRIVATE_HOST) if level == PRIVATE else (PRIVATE_HOST, PUBLIC_HOST)
        row["status"] = level
        for family in FILE_FAMILIES:
            if row.get(f"{family}_ftp"):
                row[f"{family}_ftp"] = row[f"{family}_ftp"].replace(*hosts)
        if level == PRIVATE:
            row["first_public"] = ""
        elif first_public:
            row["first_public"] = first_public

    def _all_rows(self, result: str) -> Iterator[Row]:
        if result not in DERIVED:
            yield from self.tables.get(result, [])
            return
        studies = {row["study_accession"]: row for row in self.tables["study"]}
        for row in self.tables[DERIVED[result]]:
            yield row | {name: cell for name, cell in studies.get(row["study_accession"], {}).items() if cell}

    def _with_made_files(self, row: Row, *, keep_sums: bool) -> Row:
        """Sums, sizes and counts of the files we made; a row whose files we did not make stays as it is.

        :param keep_sums: leave a checksum that stands in the row: a made-up one is meant to be wrong
        """
        for family in FILE_FAMILIES:
            urls = [url for url in row.get(f"{family}_ftp", "").split(";") if url]
            made = [self.files[path] for _, _, path in (url.partition("/") for url in urls) if path in self.files]
            if not made or len(made) < len(urls):
                continue
            if not (keep_sums and row[f"{family}_md5"]):
                row[f"{family}_md5"] = ";".join(one.md5 for one in made)
            row[f"{family}_bytes"] = ";".join(str(one.bytes) for one in made)
            if family == "fastq":
                row["read_count"] = str(self._fragments[row["run_accession"]])
                row["base_count"] = str(sum(one.bases for one in made))
        return row

    def _load_table(self, result: str) -> list[Row]:
        return [
            self._with_made_files(row, keep_sums=origin == "made_up")
            for origin in ("real", "made_up")
            for row in read_table(DATA / origin / f"{result}.tsv")
        ]


def _strictness(state: State) -> int:
    return LEVELS.index(state.level)


def _count_fragments(recipes: list[Recipe]) -> dict[str, int]:
    """A pair is one fragment; a file without mates holds further ones."""
    counts: dict[str, int] = {}
    for accession, group in groupby(recipes, key=lambda recipe: recipe.accession):
        run = list(group)
        pairs = max((recipe.records for recipe in run if recipe.mate in ("1", "2")), default=0)
        counts[accession] = pairs + sum(recipe.records for recipe in run if recipe.mate == "0")
    return counts


def _own_accessions(result: str, row: Row) -> Iterator[str]:
    for key in (KEY[result], f"secondary_{KEY[result]}"):
        yield from (accession for accession in row.get(key, "").split(";") if accession)
