"""The tables of a study in the words of Darwin Core (``spec/pipelines.md`` §4.10).

Functions of its published analyses and of ENA's records of their runs. With a sequence in each row they may be larger
than memory: their lines are made when they are read, as often as they are read.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings

from analyses.models import Analysis, AnnotationSet, Run, Study
from workflows.batches.places import area_of
from workflows.batches.summary_tables import file_name, published, published_tree
from workflows.pipelines import registry
from workflows.pipelines.checks import fasta_sequences, open_text
from workflows.pipelines.declaration import DarwinCore, Node
from workflows.pipelines.tables import count_of, sound_rows
from workflows.pipelines.tree import Match, Tree, find

NOTHING = "NA"
OF_RUN = {"decimalLongitude": "lon", "decimalLatitude": "lat", "depth": "depth", "temperature": "temperature"}
OF_RUN |= {"salinity": "salinity", "collectionDate": "collection_date", "seq_meth": "instrument_model"}
OF_RUN |= {"country": "country", "InstitutionCode": "center_name"}
HIT = {"dbhit": 0, "dbhitIdentity": 2, "dbhitStart": 8, "dbhitEnd": 9}  # place in a line of MAPseq, after the query
COLUMNS = re.compile(r"\t| {2,}")  # of a file of taxon ids, which may be padded
UNIT = {"TaxAnnotationTool": "MAPseq", "MeasurementUnit": "Number of reads"}
Row = dict[str, str]
Rows = Callable[[], Iterator[tuple[str, Row]]]  # with the run's accession, by runs
Counts = tuple[str, Tree, Match]  # of one run: its accession, its files and the one that counts


@dataclass(frozen=True)
class Text:
    """Lines of one table, the header first; equal analyses and records give equal bytes."""

    table: DarwinCore
    runs: dict[str, Row]
    rows: Rows

    def __iter__(self) -> Iterator[str]:
        columns, of_all = _columns(self.table), UNIT | {"ReferenceDatabase": self.table.database}
        yield _csv_line(columns)
        for accession, row in self.rows():
            cells = of_all | self.runs[accession] | row
            yield _csv_line(cells.get(column) or NOTHING for column in columns)


def _csv_line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def darwin_core_of(study: Study, slug: str) -> dict[str, tuple[DarwinCore, Iterable[str]]]:
    """Declaration and lines by file name, of tables that have a row, for the same analyses as the summaries.

    :raises NotReachable: a published folder is not there
    """
    declared = registry.get(slug).darwin_core
    if not declared or area_of(study.visibility) is None:
        return {}
    analyses = published(study, slug)
    trees = [(accession, published_tree(analysis, accession, slug)) for accession, analysis in analyses]
    runs = _runs(study, analyses)
    return {
        file_name(study, table, label): (table, Text(table, runs, rows))
        for table in declared
        for label, rows in (_of_taxa(table, analyses) if table.source else _of_asvs(table, slug, trees))
        if next(rows(), None)
    }


def _columns(table: DarwinCore) -> list[str]:
    asv, region, hit = (["ASVID"], ["amplifiedRegion", "ASVCaller"], [*HIT, "ASVSeq"]) if table.nodes else ([], [], [])
    run = ["StudyID", "SampleID", "RunID", *OF_RUN]
    taxon = ["ReferenceDatabase", "TaxAnnotationTool", *dict.fromkeys(table.ranks.values()), "taxonID"]
    return [*asv, *run, *region, *taxon, "MeasurementUnit", "MeasurementValue", *hit]


def _runs(study: Study, analyses: list[tuple[str, Analysis]]) -> dict[str, Row]:
    """What ENA says of each run; of where it was taken perhaps with its sample alone."""
    columns = ("first_accession", "sample__first_accession", "instrument_model", "metadata")
    runs = Run.objects.filter(analyses__in=[analysis for _, analysis in analyses])
    found = {}
    for run, sample, model, of_run, of_sample in runs.values_list(*columns, "sample__ena_sample__metadata"):
        record = of_sample | of_run | {"instrument_model": model}
        told = {column: str(record.get(field) or "") for column, field in OF_RUN.items()}
        found[run] = told | {"StudyID": str(study.first_accession), "SampleID": sample, "RunID": run}
    return found


def _of_taxa(table: DarwinCore, analyses: list[tuple[str, Analysis]]) -> Iterator[tuple[str, Rows]]:
    def rows() -> Iterator[tuple[str, Row]]:
        taxids, run = _taxids(table), "analysis__run__first_accession"
        sets = AnnotationSet.objects.filter(analysis__in=[analysis for _, analysis in analyses], source=table.source)
        for accession, records in sets.order_by(run).values_list(run, "records").iterator(chunk_size=50):
            for record in records:
                reads = {"MeasurementValue": str(record["count"])}
                yield accession, reads | _taxon(table, record["organism"].split(";"), taxids)

    yield table.label, rows


def _of_asvs(table: DarwinCore, slug: str, trees: list[tuple[str, Tree]]) -> Iterator[tuple[str, Rows]]:
    counts, *others = (node for name in table.nodes for node in registry.get(slug).nodes if node.name == name)
    found = [(accession, tree, match) for accession, tree in trees for match in find(tree, counts)]
    for region in sorted({match.keys["region"] for *_, match in found}):
        of_region = [(accession, tree, match) for accession, tree, match in found if match.keys["region"] == region]
        yield table.label.format(region=region), partial(_asvs, table, counts.check, others, of_region)


def _asvs(table: DarwinCore, read: Any, others: list[Node], found: list[Counts]) -> Iterator[tuple[str, Row]]:
    taxids = _taxids(table)
    for accession, tree, match in found:
        lineages, hits = ({name: cells for name, *cells in _lines(tree, node)} for node in others[:2])
        sequences = dict(pair for fasta in find(tree, others[2]) for pair in fasta_sequences(fasta.file))
        for asv, reads in sound_rows(match, read):
            hit = hits.get(asv)
            of_asv = {"ASVID": asv, "amplifiedRegion": match.keys["region"], "ASVCaller": "DADA2"}
            of_asv |= {column: hit[place] for column, place in HIT.items()} if hit else {}
            of_asv |= {"MeasurementValue": str(count_of(reads)), "ASVSeq": sequences.get(asv, "")}
            yield accession, of_asv | _taxon(table, lineages.get(asv, []), taxids)


def _lines(tree: Tree, node: Node) -> Iterator[list[str]]:
    for match in find(tree, node):
        with open_text(match.file) as file:
            yield from (line.rstrip("\r\n").split("\t") for line in file)


def _taxon(table: DarwinCore, names: list[str], taxids: dict[str, str]) -> Row:
    """Names by rank without the letters before them; a taxon id where the database knows exactly this lineage."""
    known = [name.strip() for name in names if name != NOTHING]
    ranked = {table.ranks.get(letters, ""): name for letters, _, name in (name.partition("__") for name in known)}
    return ranked | {"taxonID": taxids.get(";".join(known), "")}


def _taxids(table: DarwinCore) -> dict[str, str]:
    """By lineage. :raises FileNotFoundError: ``EMG_AMPLICON_PIPELINE__REFDB_OTUS_DIR`` is not that folder"""
    if not (table.otus and (folder := settings.EMG_CONFIG.amplicon_pipeline.refdb_otus_dir)):
        return {}
    with open_text(folder / table.otus) as file:
        return {lineage: taxid for _, lineage, taxid in (COLUMNS.split(line.strip()) for line in file)}
