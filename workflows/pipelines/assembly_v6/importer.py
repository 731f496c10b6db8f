"""How files of ASA become annotations and downloads (``spec/pipelines.md`` §3.5)."""

import re
from collections.abc import Sequence
from typing import Any

from analyses.models import DownloadType as Type
from workflows.pipelines import tables
from workflows.pipelines.declaration import DownloadRule, Import
from workflows.pipelines.tree import Match

FUNCTIONS, SYSTEMS = "functional_annotation", "pathways_and_systems"


def quast_numbers(files: Sequence[Match]) -> dict[str, Any]:
    """``{"N50": 13873, "GC (%)": 50.44, …}``."""
    pairs = dict(pair for match in files for pair in tables.sound_rows(match, tables.quast))
    return {name: _number(text) for name, text in pairs.items()}


def _number(text: str) -> int | float | str:
    if re.fullmatch("[0-9]+", text):
        return int(text)
    return float(text) if re.fullmatch(tables.NUMBER, text) else text


IMPORTS = (
    Import(("interpro_summary.tsv.gz",), "annotations.interpros", tables.counted(tables.INTERPRO)),
    Import(("pfam_summary.tsv.gz",), "annotations.pfams", tables.counted(tables.PFAM)),
    Import(("krona",), "annotations.taxonomies.uniref", tables.taxa(tables.krona_rows)),
    Import(("quast",), "quality_control.quast", quast_numbers),
)
# Node, what a list shows, what it is.
OFFERED: dict[tuple[str, Type], tuple[tuple[str, str, str], ...]] = {
    ("quality_control", Type.QUALITY_CONTROL): (
        ("contigs", "Filtered contigs", "The contigs that were analysed"),
        ("quast", "Assembly statistics", "QUAST's measures of the contigs"),
        ("multiqc", "Quality control page", "Report of quality control"),
    ),
    ("coding_sequences", Type.CODING_SEQUENCES): (
        ("predicted_orf.ffn.gz", "Genes", "Nucleotides of the predicted genes"),
        ("predicted_cds.faa.gz", "Proteins", "Amino acids of the predicted genes"),
        ("predicted_cds.gff.gz", "Gene positions", "Where the predicted genes lie"),
    ),
    ("taxonomy", Type.TAXONOMIC_ANALYSIS): (
        ("contigs_taxonomy.tsv.gz", "Taxonomy of contigs", "The lineage of each contig, with its score"),
        ("krona", "Lineage counts", "Contigs by lineage"),
        ("krona.html", "Krona page", "Chart of the contigs by lineage"),
    ),
    ("taxonomy", Type.NON_CODING_RNAS): (
        ("SSU.fasta.gz", "SSU rRNA", "Small subunit ribosomal RNA found in the contigs"),
        ("LSU.fasta.gz", "LSU rRNA", "Large subunit ribosomal RNA found in the contigs"),
        ("other_ncRNA.fasta.gz", "Other RNA", "Other non-coding RNA found in the contigs"),
    ),
    (f"{FUNCTIONS}.interpro", Type.FUNCTIONAL_ANALYSIS): (
        ("interproscan.tsv.gz", "InterProScan matches", "Each match of each protein"),
        ("interpro_summary.tsv.gz", "InterPro Identifier counts", "Proteins by InterPro entry"),
    ),
    (f"{FUNCTIONS}.pfams", Type.FUNCTIONAL_ANALYSIS): (
        ("pfam_summary.tsv.gz", "Pfam counts", "Proteins by Pfam family"),
    ),
    (f"{FUNCTIONS}.go_slims", Type.FUNCTIONAL_ANALYSIS): (
        ("go_summary.tsv.gz", "GO Term counts", "Proteins by GO term"),
        ("goslim_summary.tsv.gz", "GO-Slim Term counts", "Proteins by GO-slim term"),
    ),
    (f"{FUNCTIONS}.rhea_reactions", Type.FUNCTIONAL_ANALYSIS): (
        ("proteins2rhea.tsv.gz", "Rhea reaction counts", "The reactions that each protein takes part in"),
    ),
    (f"{FUNCTIONS}.eggnog", Type.FUNCTIONAL_ANALYSIS): (
        ("emapper_seed_orthologs.tsv.gz", "Seed orthologs", "The nearest eggNOG ortholog of each protein"),
        ("emapper_annotations.tsv.gz", "eggNOG annotations", "What eggNOG says of each protein"),
    ),
    (f"{FUNCTIONS}.kegg", Type.FUNCTIONAL_ANALYSIS): (("ko_summary.tsv.gz", "KO counts", "Proteins by KEGG ortholog"),),
    (f"{FUNCTIONS}.dbcan", Type.FUNCTIONAL_ANALYSIS): (
        ("dbcan_cgc.gff.gz", "CAZyme clusters", "Where gene clusters of carbohydrate enzymes lie"),
        ("dbcan_standard_out.tsv.gz", "Cluster members", "The genes of each cluster"),
        ("dbcan_overview.tsv.gz", "CAZymes", "Enzymes found, and by how many tools"),
        ("dbcan_sub_hmm.tsv.gz", "CAZyme subfamilies", "Subfamilies with their substrates"),
        ("dbcan_substrates.tsv.gz", "Substrates", "Likely substrates of the clusters"),
    ),
    (f"{SYSTEMS}.antismash", Type.FUNCTIONAL_ANALYSIS): (
        ("antismash.gbk.gz", "antiSMASH records", "Biosynthetic gene clusters as GenBank records"),
        ("antismash.gff.gz", "antiSMASH regions", "Where biosynthetic gene clusters lie"),
        ("antismash_summary.tsv.gz", "antiSMASH counts", "Biosynthetic gene clusters by kind"),
    ),
    (f"{SYSTEMS}.sanntis", Type.FUNCTIONAL_ANALYSIS): (
        ("sanntis.gff.gz", "SanntiS regions", "Where SanntiS finds biosynthetic gene clusters"),
        ("sanntis_summary.tsv.gz", "SanntiS counts", "Biosynthetic gene clusters by their nearest in MIBiG"),
    ),
    (f"{SYSTEMS}.genome_properties", Type.FUNCTIONAL_ANALYSIS): (
        ("gp.json.gz", "Genome properties", "Properties with their steps, for programs"),
        ("gp.tsv.gz", "Genome property steps", "Each step of each property, with its evidence"),
        ("gp.txt.gz", "Genome property values", "Which properties are there"),
    ),
    (f"{SYSTEMS}.kegg_modules", Type.FUNCTIONAL_ANALYSIS): (
        ("kegg_modules_per_contigs.tsv.gz", "KEGG modules by contig", "How complete each module is in each contig"),
        ("kegg_modules_summary.tsv.gz", "KEGG modules", "How complete each module is"),
    ),
    (f"{SYSTEMS}.dram_distill", Type.FUNCTIONAL_ANALYSIS): (
        ("dram.tsv.gz", "DRAM product", "Metabolic functions by presence"),
        ("dram.html.gz", "DRAM page", "Chart of the metabolic functions"),
        ("genome_stats.tsv.gz", "DRAM statistics", "What DRAM was given"),
        ("metabolism_summary.xlsx.gz", "DRAM metabolism", "Genes by metabolic function, as a workbook"),
    ),
    ("annotation_summary", Type.FUNCTIONAL_ANALYSIS): (
        ("annotation_summary", "All annotations", "All annotations of the contigs in one file"),
        ("gff_errors", "GFF errors", "Why the file of all annotations is not valid"),
    ),
}
DOWNLOADS = tuple(
    DownloadRule(node, group, kind, None, short, long)
    for (group, kind), nodes in OFFERED.items()
    for node, short, long in nodes
)
