"""``spec/pipelines.md`` §3.9, promise 53: real reads with a known truth through a real Nextflow."""

import csv
import gzip
import json
import random
from pathlib import Path

import pytest

from ena.standin.reads import Recipe, count_origins, make_reads, random_reference, read_reference
from workflows.tests.bundled import PIPELINES, BundledRun, load_script

REFERENCE = PIPELINES / "mini_amplicon/reference/ssu.tsv"
REFERENCES = {"ssu": read_reference(REFERENCE), "genomes": random_reference()}
PAIRED, SINGLE, SHOTGUN = "ERR999000001", "ERR999000002", "ERR999000003"
BROKEN, SWAPPED, UNKNOWN, CUT, ABSENT = (f"ERR99900000{n}" for n in range(4, 9))
RECIPES = [
    *(Recipe(PAIRED, f"{PAIRED}_{mate}.fastq.gz", "ssu", mate, 500, 250, 0.005, 1) for mate in "12"),
    Recipe(SINGLE, f"{SINGLE}.fastq.gz", "ssu", "0", 400, 250, 0.005, 2),
    *(Recipe(SHOTGUN, f"{SHOTGUN}_{mate}.fastq.gz", "genomes", mate, 300, 150, 0.005, 3) for mate in "12"),
]
STRANGERS, POOR = 20, 10


def write_fastq(path: Path, records: list[tuple[str, str, str]]) -> None:
    path.write_bytes(gzip.compress("".join(f"@{n}\n{b}\n+\n{q}\n" for n, b, q in records).encode(), mtime=0))


def add_strangers_and_poor_pairs(folder: Path) -> None:
    """Pairs of no reference, which cannot be assigned, and pairs that quality filtering drops."""
    draw = random.Random(4)
    fragments = ["".join(draw.choices("ACGT", k=250)) for _ in range(STRANGERS + POOR)]
    for mate in "12":
        records = [
            (f"x.{n} {n}/{mate}", bases, ("I" if n < STRANGERS else "#") * 250) for n, bases in enumerate(fragments)
        ]
        with gzip.open(folder / f"{PAIRED}_{mate}.fastq.gz", "at") as file:
            file.write("".join(f"@{n}\n{b}\n+\n{q}\n" for n, b, q in records))


@pytest.fixture(scope="module")
def reads(tmp_path_factory) -> Path:
    folder = make_reads(RECIPES, REFERENCES, tmp_path_factory.mktemp("reads")).folder
    add_strangers_and_poor_pairs(folder)
    good = REFERENCES["ssu"][0][1]
    write_fastq(folder / f"{BROKEN}.fastq.gz", [("a", good, "I" * 251), ("b", good, "I" * 200)])
    write_fastq(folder / f"{SWAPPED}.fastq.gz", [("a/2", good, "I" * 251)])
    write_fastq(folder / f"{UNKNOWN}.fastq.gz", [(f"n{n}", "N" * 200, "I" * 200) for n in range(50)])
    (folder / f"{CUT}.fastq.gz").write_bytes((folder / f"{SINGLE}.fastq.gz").read_bytes()[:-200])
    return folder


@pytest.fixture(scope="module")
def sheet(reads) -> Path:
    lines = ["sample,fastq_1,fastq_2,single_end"]
    lines += [f"{run},{reads}/{run}_1.fastq.gz,file://{reads}/{run}_2.fastq.gz,false" for run in (PAIRED, SHOTGUN)]
    lines += [f"{run},{reads}/{run}.fastq.gz,,true" for run in (SINGLE, BROKEN, SWAPPED, UNKNOWN, CUT, ABSENT)]
    path = reads / "samplesheet.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def finished(sheet, tmp_path_factory) -> BundledRun:
    pipeline = BundledRun("mini_amplicon", tmp_path_factory.mktemp("run"))
    end = pipeline.run(input=sheet, outdir=pipeline.folder / "out")
    assert end.returncode == 0, end.stdout + end.stderr
    return pipeline


def taxonomy(finished: BundledRun, run: str) -> dict[str, int]:
    path = finished.folder / f"out/{run}/taxonomy-summary/SILVA-SSU/{run}_SILVA-SSU.tsv"
    comment, header, *rows = csv.reader(path.open(), delimiter="\t")
    assert (comment, header) == (["# Constructed from biom file"], ["# OTU ID", "SILVA-SSU", "taxonomy", "taxid"])
    return {lineage: int(float(count)) for _, count, lineage, _ in rows}


@pytest.mark.nextflow
@pytest.mark.parametrize("run", [PAIRED, SINGLE])
def test_nearly_every_read_is_counted_and_none_wrongly(finished, run):
    lineages = {row["id"]: row["lineage"] for row in csv.DictReader(REFERENCE.open(), delimiter="\t")}
    truth = {lineages[origin]: count for origin, count in count_origins(RECIPES, REFERENCES, run).items()}
    counts = taxonomy(finished, run)
    assert all(count <= truth[lineage] for lineage, count in counts.items())
    assert sum(counts.values()) > 0.99 * sum(truth.values())


@pytest.mark.nextflow
def test_no_read_is_lost_from_the_books(finished):
    fastp = json.loads((finished.folder / f"out/{PAIRED}/qc/{PAIRED}.fastp.json").read_text())
    before, after = (fastp["summary"][f"{when}_filtering"]["total_reads"] // 2 for when in ("before", "after"))
    assert (before, before - after) == (500 + STRANGERS + POOR, POOR)
    page = (finished.folder / f"out/{PAIRED}/taxonomy-summary/SILVA-SSU/{PAIRED}.html").read_text()
    unassigned = after - sum(taxonomy(finished, PAIRED).values())
    assert STRANGERS <= unassigned <= STRANGERS + 5
    assert f"{unassigned} unassigned" in page


@pytest.mark.nextflow
def test_every_bad_run_gets_its_word_and_stops_no_other(finished):
    passed, failed = (
        (finished.folder / f"out/qc_{which}_runs.csv").read_text().splitlines() for which in ("passed", "failed")
    )
    assert passed == [f"{PAIRED},no_asvs", f"{SINGLE},no_asvs"]
    assert failed == [
        f"{SHOTGUN},libstrat_fail",
        f"{BROKEN},seqfu_fail",
        f"{SWAPPED},sfxhd_fail",
        f"{UNKNOWN},no_reads",
    ]
    for run in (CUT, ABSENT):
        assert f"FETCH ({run})\tFAILED\t1" in finished.trace()


@pytest.mark.nextflow
def test_the_tree_is_that_of_amplicon_v6(finished):
    root = finished.folder / "out" / SINGLE
    assert sorted(str(path.relative_to(root)).replace(SINGLE, "{run}") for path in root.rglob("*.*")) == [
        "amplified-region-inference/{run}.16S.V4.txt",
        "amplified-region-inference/{run}.tsv",
        "primer-identification/{run}.cutadapt.json",
        "qc/{run}.fastp.json",
        "qc/{run}_multiqc_report.html",
        "qc/{run}_seqfu.tsv",
        "sequence-categorisation/{run}.tblout.deoverlapped",
        "sequence-categorisation/{run}_SSU.fasta",
        "sequence-categorisation/{run}_SSU_rRNA_bacteria.RF00177.fa",
        "taxonomy-summary/SILVA-SSU/{run}.html",
        "taxonomy-summary/SILVA-SSU/{run}_SILVA-SSU.mseq",
        "taxonomy-summary/SILVA-SSU/{run}_SILVA-SSU.tsv",
        "taxonomy-summary/SILVA-SSU/{run}_SILVA-SSU.txt",
    ]


@pytest.mark.nextflow
def test_the_same_reads_give_the_same_bytes(finished, sheet, tmp_path):
    """Also in other company: the second sheet holds two of the runs."""
    lines = sheet.read_text().splitlines()
    short = tmp_path / "samplesheet.csv"
    short.write_text("\n".join([lines[0], *(line for line in lines if line.startswith((PAIRED, UNKNOWN)))]) + "\n")
    assert BundledRun("mini_amplicon", tmp_path).run(input=short, outdir=tmp_path / "out").returncode == 0
    first, second = (
        {path.relative_to(root): path.read_bytes() for run in (PAIRED, UNKNOWN) for path in (root / run).rglob("*.*")}
        for root in (finished.folder / "out", tmp_path / "out")
    )
    assert len(first) == 13 + 2
    assert first == second


def test_a_run_without_one_assigned_read_has_an_empty_table_and_no_category(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "assignments.tsv").touch()
    script = load_script("mini_amplicon", "write_tree")
    counts = script.write_assignments(tmp_path / "assignments.tsv", SINGLE, 31)
    script.write_taxonomy(SINGLE, counts, REFERENCE, unassigned=7)
    assert [path.name for path in (tmp_path / SINGLE).iterdir()] == ["taxonomy-summary"]
    table = tmp_path / SINGLE / f"taxonomy-summary/SILVA-SSU/{SINGLE}_SILVA-SSU.tsv"
    assert table.read_text().splitlines()[2:] == []


def test_the_reference_is_that_of_the_made_up_reads():
    assert REFERENCE.read_bytes() == (Path(__file__).parents[2] / "ena/standin/data/ssu.tsv").read_bytes()
