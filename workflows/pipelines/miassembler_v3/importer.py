"""What of an assembly's files is kept with its row (``spec/pipelines.md`` §3.3)."""

import json
from collections.abc import Callable, Sequence

from workflows.pipelines.checks import fasta_records
from workflows.pipelines.declaration import Import
from workflows.pipelines.tree import Match


def number_of(key: str) -> Callable[[Sequence[Match]], float]:
    return lambda files: json.loads(files[0].file.read_text())[key]


def n_contigs(files: Sequence[Match]) -> int:
    return fasta_records(files[0].file)


def assembler(files: Sequence[Match]) -> tuple[str, str]:
    """Name and version, as the folders say."""
    return files[0].keys["assembler"], files[0].keys["version"]


IMPORTS = (
    Import(("contigs",), "assembler", assembler),
    Import(("contigs",), "metadata.n_contigs", n_contigs),
    Import(("coverage",), "metadata.coverage", number_of("coverage")),
    Import(("coverage",), "metadata.coverage_depth", number_of("coverage_depth")),
)
