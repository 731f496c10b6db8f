"""What files of amplicon v6 mean for one another (``spec/pipelines.md`` §3.1)."""

import re
from collections.abc import Iterator

from workflows.pipelines.declaration import Fault
from workflows.pipelines.tree import Tree

ASV_BASED = ("DADA2-SILVA", "DADA2-PR2")
REGION = r"(?:16S|18S)-V\d(?:-V\d)?"


def gave_up(tree: Tree) -> bool:
    """DADA2 wrote its errors: nothing of the ASVs is expected."""
    return tree.size("qc/{id}_dada2_errors.txt") is not None


def has_asvs(tree: Tree) -> bool:
    return bool(tree.size("asv/{id}_asv_seqs.fasta")) and not gave_up(tree)


def two_regions(tree: Tree) -> bool:
    regions = [name for name in tree.subfolders("asv") if re.fullmatch(REGION, name, re.ASCII)]
    return has_asvs(tree) and len(regions) == 2


def primers_are_one_or_four(tree: Tree) -> Iterator[Fault]:
    """Either an empty report, or four files of which the primers found and their reports are not empty."""
    folder = "primer-identification"
    if folder not in tree.folders:
        return
    sizes = {path.split("/", 1)[1]: size for path, size in tree.sizes.items() if path.startswith(folder + "/")}
    report, validation = f"{tree.id}.cutadapt.json", f"{tree.id}_primer_validation.tsv"
    four = {"fwd_primers.fasta", "rev_primers.fasta", validation, report}
    if set(sizes) == {report}:
        if sizes[report]:
            yield Fault(f"{folder}/{report}", "primers", f"{sizes[report]} bytes", "empty where it stands alone")
    elif set(sizes) != four:
        yield Fault(folder, "primers", ", ".join(sorted(sizes)) or "nothing", f"{report} alone, or four files")
    elif any(sizes.values()) and not (
        (sizes["fwd_primers.fasta"] or sizes["rev_primers.fasta"]) and sizes[validation] and sizes[report]
    ):
        empty = ", ".join(name for name, size in sorted(sizes.items()) if not size)
        yield Fault(folder, "primers", f"empty: {empty}", "all empty, or primers with both reports")


def words_need_asvs(tree: Tree) -> Iterator[Fault]:
    if tree.word in ("all_results", "asvs_only") and not has_asvs(tree):
        yield Fault(f"asv/{tree.id}_asv_seqs.fasta", "asvs", "none", f"sequences, since the word is {tree.word}")


def dada2_tables_need_asvs(tree: Tree) -> Iterator[Fault]:
    for database in ASV_BASED:
        if f"taxonomy-summary/{database}" in tree.folders and (not has_asvs(tree) or tree.word == "no_asvs"):
            why = "no_asvs" if tree.word == "no_asvs" else "no ASV sequences"
            yield Fault(f"taxonomy-summary/{database}", "unexpected_folder", why, "no such folder without ASVs")
