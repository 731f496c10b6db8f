"""Result trees of pipelines of which no example may be kept here, made as ``spec/pipelines.md`` §3.2 and §3.3 say."""

import gzip
import json

HTML = "<html><p>a page</p></html>\n"
SILVA = "# Count\tSuperkingdom\tKingdom\tPhylum\n12\tBacteria\t\tBacillota\n30.0\tArchaea\t\t\n"
MOTUS = "# Count\tKingdom\tPhylum\n7\tBacteria\tBacillota\n"
PFAM = "function\tread_count\tcoverage_depth\tcoverage_breadth\nPF00005.33\t12\t0.25\t0.125\nPF00072.30\t3\t1e-3\t0.5\n"


def write(root, files):
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(content.encode(), mtime=0) if path.endswith(".gz") else content.encode())
    return root


def raw_reads_tree(root, run, *, functional=False):
    files = {
        f"qc/{run}_qc.fastp.json": json.dumps({"summary": {"before_filtering": {"total_reads": 100}}}),
        f"qc/{run}_decontamination.fastp.json": json.dumps({"summary": {"after_filtering": {"total_reads": 90}}}),
        f"qc/{run}_multiqc_report.html": HTML,
    }
    for name, text in {"silva-ssu": SILVA, "silva-lsu": SILVA, "motus": MOTUS}.items():
        files[f"taxonomy-summary/{name}/{run}_{name}.txt.gz"] = text
        files[f"taxonomy-summary/{name}/{run}_{name}.html"] = HTML
    if functional:
        files[f"function-summary/pfam/{run}_pfam.txt.gz"] = PFAM
        files[f"function-summary/pfam/{run}_pfam.stats.json"] = "{}"
    return write(root, files)


def assembler_tree(root, run, *, assembler="metaspades", version="3.15.5", contigs=3):
    below = f"assembly/{assembler}/{version}"
    return write(
        root,
        {
            f"{below}/{run}_cleaned.contigs.fa.gz": "".join(f">contig_{n}\nACGT\n" for n in range(contigs)),
            f"{below}/{run}.scaffolds.fa.gz": ">a\nACGT\n",
            f"{below}/params.txt": "",
            f"{below}/coverage/{run}_coverage.json": json.dumps({"coverage": 0.75, "coverage_depth": 12.5}),
            f"{below}/qc/quast/report.tsv": "Assembly\tx\n",
            f"qc/fastp/{run}.fastp.json": "{}",
        },
    )
