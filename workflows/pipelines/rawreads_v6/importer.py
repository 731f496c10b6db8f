"""How files of the raw reads pipeline become annotations and downloads (``spec/pipelines.md`` §3.2)."""

from collections.abc import Callable, Sequence
from typing import Any

from analyses.models import DownloadFileType as File
from analyses.models import DownloadType as Type
from workflows.pipelines.amplicon_v6.importer import fastp_summary
from workflows.pipelines.declaration import DownloadRule, Import
from workflows.pipelines.rawreads_v6.results import COVERAGES, DATABASES, PFAM, SOURCES
from workflows.pipelines.tables import count_of, krona_with_header, sound_rows, taxa
from workflows.pipelines.tree import Match

PFAMS = "functional_annotation.pfam"


def _pfam(column: int, key: str, read: Callable[[str], Any]) -> Callable[[Sequence[Match]], list[dict[str, Any]]]:
    """A parser: records {identifier, count or value} of one column. Pfam names keep their version."""

    def parse(files: Sequence[Match]) -> list[dict[str, Any]]:
        rows = (row for match in files for row in sound_rows(match, PFAM))
        return [{"identifier": row[0], key: read(row[column])} for row in rows]

    return parse


IMPORTS = (
    Import(("fastp",), "quality_control.fastp", fastp_summary),
    Import(("decontamination",), "quality_control.decontam", fastp_summary),
    *[Import((name,), f"annotations.taxonomies.{source}", taxa(krona_with_header)) for name, source in SOURCES.items()],
    Import(("pfam",), f"annotations.{PFAMS}.read_count", _pfam(1, "count", count_of)),
    *[
        Import(("pfam",), f"annotations.{PFAMS}.{name}", _pfam(column, "value", float))
        for column, name in enumerate(COVERAGES, start=2)
    ],
)


def _quality(node: str, file_type: File, short: str, long: str) -> DownloadRule:
    return DownloadRule(node, "quality_control", Type.QUALITY_CONTROL, file_type, short, long)


def _of_database(name: str) -> list[DownloadRule]:
    group, kind = f"taxonomies.closed_reference.{name}", Type.TAXONOMIC_ANALYSIS
    rows, page = f"Reads by {name} lineage", f"Chart of the reads by {name} lineage"
    return [
        DownloadRule(name, group, kind, File.TSV, f"{name} taxonomy", rows, alias=name),
        DownloadRule(f"{name}.html", group, kind, File.HTML, "Krona page", page, alias=f"{{id}}_{name}.html"),
    ]


DOWNLOADS = (
    _quality("fastp", File.JSON, "Quality control of reads", "What filtering kept"),
    _quality("decontamination", File.JSON, "Decontamination", "What is left without the reads of hosts"),
    _quality("multiqc", File.HTML, "Quality control page", "Report of quality control"),
    *[rule for name in DATABASES for rule in _of_database(name)],
    DownloadRule("pfam", PFAMS, Type.FUNCTIONAL_ANALYSIS, File.TSV, "Pfam", "Reads by Pfam family", alias="pfam"),
    DownloadRule("pfam.stats", PFAMS, Type.FUNCTIONAL_ANALYSIS, File.JSON, "Pfam statistics", "Figures of the search"),
)
