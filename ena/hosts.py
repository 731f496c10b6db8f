"""The reference genome of the host a sample was taken from (``spec/ena.md`` §11). Pure."""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parent / "host_genomes.tsv"


@cache
def _host_rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def repeated_taxa() -> list[str]:
    """The taxon ids and names that stand in the table more than once: which genome is meant cannot be told."""
    cells = [cell for row in _host_rows() for cell in (row["tax_id"], row["scientific_name"].lower())]
    return sorted({cell for cell in cells if cells.count(cell) > 1})


def reference_genome_for(metadata: Mapping[str, str]) -> str | None:
    """Name the genome of a sample's host: by its taxon id, and only without one by its exact scientific name.

    :param metadata: ENA's record of the sample
    """
    if taxon := metadata.get("host_tax_id", "").strip():
        return next((row["genome"] for row in _host_rows() if row["tax_id"] == taxon), None)
    genomes = {row["scientific_name"].lower(): row["genome"] for row in _host_rows()}
    names = (metadata.get(key, "").strip().lower() for key in ("host_scientific_name", "host"))
    return next((genomes[name] for name in names if name in genomes), None)
