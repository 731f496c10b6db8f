"""The example tree of amplicon v6, completed in a temporary copy with what its README lists as missing or odd."""

import shutil
from pathlib import Path

import pytest
from django.conf import settings

EXAMPLES = Path(settings.BASE_DIR).parent / "shared" / "data" / "amplicon_v6_output"
RUN, REGION = "SRR1111111", "16S-V3-V4"
KRONA = "30\tsk__Bacteria\tk__\tp__Bacillota\n12\tsk__Archaea\n"


def example_tree(folder):
    if not EXAMPLES.is_dir():
        pytest.skip(f"the example trees are not at {EXAMPLES}")
    root = folder / RUN
    shutil.copytree(EXAMPLES / RUN, root)
    root.chmod(0o755)
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
