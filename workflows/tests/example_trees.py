"""The example trees of the real pipelines, completed in temporary copies with what their README lists as missing."""

import gzip
import shutil
from pathlib import Path

import pytest
from django.conf import settings

DATA = Path(settings.BASE_DIR).parent / "shared" / "data"
EXAMPLES = DATA / "amplicon_v6_output"
RUN, REGION = "SRR1111111", "16S-V3-V4"
ASSEMBLY = "ERZ857107"
KRONA = "30\tsk__Bacteria\tk__\tp__Bacillota\n12\tsk__Archaea\n"


def copied(source, target):
    """A copy that may be changed."""
    if not source.is_dir():
        pytest.skip(f"the example trees are not at {DATA}")
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    for folder in (target, *(path for path in target.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    return target


def example_tree(folder):
    root = copied(EXAMPLES / RUN, folder / RUN)
    primers = root / "primer-identification"
    shutil.rmtree(primers)
    primers.mkdir()
    (primers / f"{RUN}.cutadapt.json").touch()
    categories = root / "sequence-categorisation"
    (categories / f"{RUN}.tblout.deoverlapped").write_text("read model\n")
    (categories / f"{RUN}_SSU_rRNA_bacteria.RF00177.fa").write_text(">a\nACGT\n>b\nACGT\n>c\nACGT\n")
    (categories / f"{RUN}_SSU_rRNA_archaea.RF01959.fa").write_text(">a\nACGT\n")
    (root / "taxonomy-summary" / "PR2" / f"{RUN}.html").write_text("<html></html>\n")
    for database in ("DADA2-SILVA", "DADA2-PR2"):
        name = f"{RUN}_{REGION}_{database}_asv_krona_counts.txt"
        (root / "taxonomy-summary" / database / name).write_text(KRONA)
    return root


def example_assembly(folder, accession=ASSEMBLY):
    """ASA's tree of the real assembly, under that name or another one."""
    root = copied(DATA / "assembly_v6_output" / "ERP106708" / ASSEMBLY, folder / accession)
    with gzip.open(root / f"functional-annotation/interpro/{ASSEMBLY}_interproscan.tsv.gz", "wt") as file:
        file.write(f"{ASSEMBLY}_1_1\tmd5\t107\tPfam\tPF02699\n")
    (root / "qc" / "multiqc_report.html").touch()
    (root / f"pathways-and-systems/sanntis/{ASSEMBLY}_sanntis_summary.tsv.gz.gzi").unlink()  # it is no index
    return renamed(root, accession)


def example_viruses(folder, accession=ASSEMBLY):
    root = folder / accession
    copied(DATA / "virify_v3_output" / "08-final", root / "08-final")
    return renamed(root, accession)


def example_mobilome(folder, accession=ASSEMBLY):
    return renamed(copied(DATA / "assembly_v6_output/ERP106708/map" / ASSEMBLY, folder / accession), accession)


def renamed(root, accession):
    for path in [path for path in root.rglob(f"{ASSEMBLY}*") if path.is_file()]:
        path.rename(path.with_name(path.name.replace(ASSEMBLY, accession)))
    return root
