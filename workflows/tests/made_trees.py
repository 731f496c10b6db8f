"""Result trees of pipelines of which no example may be kept here, made as ``spec/pipelines.md`` §3.1 to §3.3 say."""

import gzip
import json

HTML = "<html><p>a page</p></html>\n"
BIOM_HEAD = "# Constructed from biom file\n# OTU ID"
BIOM_ROWS = [("1", "12.0", "sk__Bacteria;k__;p__Bacillota", "1239"), ("2", "30", "sk__Archaea", "2157")]
SILVA = "# Count\tSuperkingdom\tKingdom\tPhylum\n12\tBacteria\t\tBacillota\n30.0\tArchaea\t\t\n"
MOTUS = "# Count\tKingdom\tPhylum\n7\tBacteria\tBacillota\n"
PFAM = "function\tread_count\tcoverage_depth\tcoverage_breadth\nPF00005.33\t12\t0.25\t0.125\nPF00072.30\t3\t1e-3\t0.5\n"


def write(root, files):
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(content.encode(), mtime=0) if path.endswith(".gz") else content.encode())
    return root


def amplicon_tree(root, run, *, databases=(), regions=(), label="", rows=BIOM_ROWS):
    """With these closed-reference databases, and with ASVs of these regions; ``label`` heads the counts."""
    files = {
        f"qc/{run}_seqfu.tsv": f"OK\tPE\t{run}_1.fastq.gz\t4\t1000\t0\n",
        f"qc/{run}.fastp.json": json.dumps({"summary": {"before_filtering": {"total_reads": 100}}}),
        f"qc/{run}_multiqc_report.html": HTML,
        f"primer-identification/{run}_primer_validation.tsv": "a\tb\n",
        f"primer-identification/{run}.cutadapt.json": "{}",
    }
    files |= {f"primer-identification/{end}_primers.fasta": ">p\nACGT\n" for end in ("fwd", "rev")}
    for name in databases:
        below = f"taxonomy-summary/{name}"
        table = "".join("\t".join(row) + "\n" for row in rows)
        files[f"{below}/{run}_{name}.tsv"] = f"{BIOM_HEAD}\t{label or name}\ttaxonomy\ttaxid\n{table}"
        files |= {f"{below}/{run}.html": HTML, f"{below}/{run}_{name}.mseq": "", f"{below}/{run}_{name}.txt": ""}
    return write(root, files | (_asvs(run, regions) if regions else {}))


def _asvs(run, regions):
    files = {f"asv/{run}_asv_seqs.fasta": ">seq_1\nACGT\n", f"qc/{run}_dada2_stats.tsv": "a\tb\n"}
    everywhere = [*regions, *(["concat"] if len(regions) == 2 else [])]
    for region in everywhere:
        files[f"asv/{region}/{run}_{region}_asv_read_counts.tsv"] = "asv\tcount\nseq_1\t7\n"
    for name in ("DADA2-SILVA", "DADA2-PR2"):
        below = f"taxonomy-summary/{name}"
        files[f"asv/{run}_{name}_asv_tax.tsv"] = "ASV\tKingdom\nseq_1\tk__Fungi\n"
        files[f"{below}/{run}_{name}.mseq"] = "#query\n"
        for region in everywhere:
            files[f"{below}/{run}_{region}.html"] = HTML
            files[f"{below}/{run}_{region}_{name}_asv_krona_counts.txt"] = "7\tk__Fungi\n"
    return files


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
