#!/usr/bin/env python3
"""The example's tree under another accession; the contigs are read, as the pipeline would."""

import gzip
import shutil
import sys
from pathlib import Path

EXAMPLE = "ERZ857107"
tree, accession, contigs = sys.argv[1:]
with gzip.open(contigs, "rt") as file:
    if not file.readline().startswith(">"):
        sys.exit(f"{contigs} is no FASTA")
shutil.copytree(tree, accession)
for path in [path for path in Path(accession).rglob(f"{EXAMPLE}*") if path.is_file()]:
    path.rename(path.with_name(path.name.replace(EXAMPLE, accession)))
