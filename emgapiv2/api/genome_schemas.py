"""The shapes of genomes and their catalogues, by the names of the public document. None are held yet."""

from typing import Any, Literal

from ninja import Schema

from analyses.models import DownloadFileType, DownloadType
from emgapiv2.api.rendering import Time
from emgapiv2.api.schemas import Biome


class DownloadFileIndexFile(Schema):
    index_type: Literal["fai", "gzi", "csi"]
    path: str


class MGnifyGenomeCatalogueDownloadFile(Schema):
    alias: str
    download_type: DownloadType
    file_type: DownloadFileType
    long_description: str
    short_description: str
    download_group: str | None = None
    file_size_bytes: int | None = None
    index_file: DownloadFileIndexFile | list[DownloadFileIndexFile] | None = None
    url: str | None = None


class GenomeCatalogueList(Schema):
    catalogue_id: str
    version: str
    name: str
    description: str | None
    catalogue_biome_label: str
    catalogue_type: Literal["prokaryotes", "eukaryotes", "viruses"]
    biome: Biome | None = None
    status: Literal["draft", "ready", "published", "retired"]
    genome_count: int | None = None
    unclustered_genome_count: int | None
    protein_catalogue_name: str | None = None
    protein_catalogue_description: str | None
    result_directory: str | None
    ftp_url: str
    pipeline_version_tag: str
    other_stats: dict[str, Any] | None
    downloads: list[MGnifyGenomeCatalogueDownloadFile]
    updated_at: Time


class GenomeSchema(Schema):
    accession: str
    ena_genome_accession: str | None
    taxon_lineage: str | None
    catalogue_id: str | None
    catalogue_version: str | None = None


class GenomeAssemblyLinkSchema(Schema):
    genome: GenomeSchema
    species_rep: str | None = None
    mag_accession: str | None = None
    updated_at: Time | None


class AdditionalContainedGenomeSchema(Schema):
    """``containment`` and ``cani`` are fractions."""

    genome: GenomeSchema
    run_accession: str | None = None
    containment: float | None = None
    cani: float | None = None
    updated_at: Time | None
