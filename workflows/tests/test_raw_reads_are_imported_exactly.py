import gzip

import pytest

from analyses.models import Analysis
from analyses.tests.factories import make_analysis, make_run, make_study
from workflows.batches.places import places_of
from workflows.batches.planning import plan_batches
from workflows.batches.starting import start_batch
from workflows.batches.surveying import result_of
from workflows.models import Batch
from workflows.pipelines import registry
from workflows.pipelines.tree import read_tree, survey_tree
from workflows.tests.batches_by_hand import end_job, fetched, finish, site, states
from workflows.tests.made_trees import SILVA, raw_reads_tree

__all__ = ["site"]
RUN, SLUG = "ERR9990001", "rawreads_v6"
TAXA = [{"organism": "Bacteria;;Bacillota", "count": 12}, {"organism": "Archaea", "count": 30}]


def survey(root, word="some_empty_results", **asked):
    tree = read_tree(root, subject=RUN, word=word, inside=[root.parent], asked={"skip_functional": True} | asked)
    return survey_tree(tree, registry.get(SLUG))


def test_taxonomies_functions_and_control_are_what_the_files_say(tmp_path):
    found = survey(raw_reads_tree(tmp_path / RUN, RUN, functional=True), skip_functional=False)
    assert found.faults == ()
    result = result_of(found, registry.get(SLUG), pipeline={})
    pfam = "functional_annotation.pfam"
    assert result.annotations == {
        "taxonomies.ssu": TAXA,
        "taxonomies.lsu": TAXA,
        "taxonomies.motus": [{"organism": "Bacteria;Bacillota", "count": 7}],
        f"{pfam}.read_count": [{"identifier": "PF00005.33", "count": 12}, {"identifier": "PF00072.30", "count": 3}],
        f"{pfam}.coverage_depth": [
            {"identifier": "PF00005.33", "value": 0.25},
            {"identifier": "PF00072.30", "value": 0.001},
        ],
        f"{pfam}.coverage_breadth": [
            {"identifier": "PF00005.33", "value": 0.125},
            {"identifier": "PF00072.30", "value": 0.5},
        ],
    }
    assert result.quality_control == {
        "fastp": {"before_filtering": {"total_reads": 100}},
        "decontam": {"after_filtering": {"total_reads": 90}},
    }
    aliases = {download.alias for download in result.downloads}
    assert {"silva-ssu", "motus", f"{RUN}_silva-lsu.html", "pfam", f"{RUN}_multiqc_report.html"} <= aliases
    assert len(result.downloads) == len(aliases) == 11


def test_folders_of_older_commits_are_found(tmp_path):
    root = raw_reads_tree(tmp_path / RUN, RUN)
    new, old = (root / "taxonomy-summary" / name for name in ("motus", "mOTUs"))
    new.rename(old)
    for path in list(old.iterdir()):
        path.rename(path.with_name(path.name.replace("motus", "mOTUs")))
    with gzip.open(old / f"{RUN}_mOTUs.txt.gz", "wt") as file:
        file.write("Read count\tKingdom\n7\tBacteria\n")
    assert survey(root).faults == ()


@pytest.mark.parametrize(
    ("asked", "word", "missing"),
    [
        ({}, "all_results", 6),
        ({"skip_taxonomic": True}, "all_results", 0),
        ({}, "all_empty_results", 0),
        ({"skip_functional": False}, "all_results", 8),
    ],
)
def test_what_was_not_asked_for_need_not_be_there(tmp_path, asked, word, missing):
    root = raw_reads_tree(tmp_path / RUN, RUN)
    (root / "taxonomy-summary").rename(tmp_path / "elsewhere")
    assert [fault.rule for fault in survey(root, word, **asked).faults] == ["mandatory"] * missing


def test_a_damaged_copy_is_told_whole(tmp_path):
    root = raw_reads_tree(tmp_path / RUN, RUN, functional=True)
    ssu, lsu = (root / f"taxonomy-summary/silva-{one}/{RUN}_silva-{one}.txt.gz" for one in ("ssu", "lsu"))
    ssu.write_bytes(ssu.read_bytes()[:-9])
    with gzip.open(lsu, "wt") as file:
        file.write(SILVA.replace("30.0", "x").replace("Superkingdom", "Superkingdom\tOdd"))
    (root / f"qc/{RUN}_qc.fastp.json").write_text("{}")
    (root / f"taxonomy-summary/motus/{RUN}_motus.txt.gz").unlink()
    with gzip.open(root / f"function-summary/pfam/{RUN}_pfam.txt.gz", "wt") as file:
        file.write("function\tread_count\tcoverage_depth\tcoverage_breadth\nPF1\t1.5\tdeep\t0\nPF1\t1\t0\t0\n")
    found = survey(root, skip_functional=False).faults
    assert sorted(fault.rule for fault in found) == [
        "count",
        "count",
        "gzip_whole",
        "json_keys",
        "mandatory",
        "number",
        "unique",
    ]


def test_a_paired_long_read_run_is_blocked_alone_and_the_file_decides_who_passed(site):
    fetched(site, SLUG, "skip_functional use_fire_download hmmsearch_subsampling")
    study = make_study()
    long_reads = {"instrument_platform": "OXFORD_NANOPORE"}
    pair = [{"ftp_url": f"x/y_{n}.fastq.gz", "role": role} for n, role in enumerate(("forward", "reverse"), 1)]
    good, bad, odd = (
        make_run(study, experiment_type="METAG", **more) for more in ({}, {}, {**long_reads, "fastq_files": pair})
    )
    for run in (good, bad, odd):
        make_analysis(run, experiment_type="METAG")
    (batch,) = plan_batches(study=study, slug=SLUG, actor="test")
    start_batch(batch_id=batch.pk, actor="test")
    batch = Batch.objects.get(pk=batch.pk)
    outdir = places_of(batch).outdir
    raw_reads_tree(outdir / good.first_accession, good.first_accession)
    for name, run in (("passed", good), ("failed", bad)):
        (outdir / f"qc_{name}_runs.csv").write_text(f"{run.first_accession},some_empty_results\n")
    end_job(batch.job)
    finish(batch)
    told = {good.first_accession: "published", bad.first_accession: "qc_failed", odd.first_accession: "blocked"}
    assert states(study) == told
    assert "paired" in Analysis.objects.get(run=odd).events.latest("pk").note
    assert Analysis.objects.get(run=good).external_results_dir.endswith("/V6/metagenomic")
