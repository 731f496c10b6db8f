import shutil

import pytest

from workflows.pipelines import registry
from workflows.pipelines.tree import read_tree, survey_tree
from workflows.tests.example_trees import REGION, RUN, example_tree

SSU = f"taxonomy-summary/SILVA-SSU/{RUN}_SILVA-SSU.tsv"
HEAD = "# Constructed from biom file\n# OTU ID\tSSU\ttaxonomy\ttaxid\n"


def faults(root, word="all_results", inside=None):
    tree = read_tree(root, subject=RUN, word=word, inside=[inside or root.parent])
    return survey_tree(tree, registry.get("mini_amplicon")).faults


def test_five_faults_are_five_faults(tmp_path):
    root = example_tree(tmp_path)
    (root / f"qc/{RUN}_seqfu.tsv").write_text("ERR\tbroken\n")
    (root / f"qc/{RUN}.fastp.json").write_text('{"summar')
    (root / f"qc/{RUN}_multiqc_report.html").unlink()
    (root / f"asv/{REGION}/{RUN}_{REGION}_asv_read_counts.tsv").write_text("asv\tcount\nseq_1\tx\n")
    (root / "taxonomy-summary/Made-Up").mkdir()
    found = [(fault.rule, fault.path.split("/")[-1]) for fault in faults(root)]
    assert found == [
        ("count", f"{RUN}_{REGION}_asv_read_counts.tsv"),
        ("json", f"{RUN}.fastp.json"),
        ("mandatory", f"{RUN}_multiqc_report.html"),
        ("first_cell", f"{RUN}_seqfu.tsv"),
        ("unexpected_folder", "Made-Up"),
    ]


@pytest.mark.parametrize(
    ("text", "rule", "told"),
    [
        (HEAD + "1\tx\tsk__Bacteria\t2\n", "count", "line 3: 'x'"),
        (HEAD + "1\t12.5\tsk__Bacteria\t2\n", "count", "line 3: '12.5'"),
        (HEAD + "1\t\tsk__Bacteria\t2\n", "count", "line 3: ''"),
        (HEAD + f"1\t{10**20}\tsk__Bacteria\t2\n", "count", f"line 3: '{10**20}'"),
        (HEAD + "1\t1\tsk__Bacteria\t2\n1\t1\tsk__Archaea\t3\n", "unique", "line 4: '1'"),
        (HEAD + "1\t1\tsk__Bacteria\n", "columns", "line 3: '3 cells'"),
        (HEAD.replace("taxonomy", "lineage"), "columns", "line 2: '# OTU ID\\tSSU\\tlineage\\ttaxid'"),
        ("# OTU ID\tSSU\ttaxonomy\n", "biom_first_line", "line 1: '# OTU ID\\tSSU\\ttaxonomy'"),
    ],
)
def test_a_bad_table_is_told_by_its_line(tmp_path, text, rule, told):
    root = example_tree(tmp_path)
    (root / SSU).write_text(text)
    (fault,) = faults(root)
    assert (fault.path, fault.rule, fault.found) == (SSU, rule, told)


@pytest.mark.parametrize(
    "text",
    [
        '{"summary": {"x": NaN}}',
        '{"summary": {"x": 1e400}}',
        '{"summary": 5}',
        '{"summary": {"x": "\\u0000"}}',
        '{"summary": {"x": "\\ud800"}}',
        '{"summary": {"x": ' + "[" * 100_000 + "]" * 100_000 + "}}",
        "[]",
    ],
    ids=["nan", "infinity", "number", "nul", "surrogate", "deep", "list"],
)
def test_json_that_no_database_keeps_is_a_fault(tmp_path, text):
    root = example_tree(tmp_path)
    (root / f"qc/{RUN}.fastp.json").write_text(text)
    assert [fault.path for fault in faults(root)] == [f"qc/{RUN}.fastp.json"]


def test_a_link_out_of_the_batch_is_a_fault_and_one_within_is_not(tmp_path):
    root = example_tree(tmp_path / "batch")
    work = tmp_path / "batch" / "work"
    work.mkdir()
    page = root / f"qc/{RUN}_multiqc_report.html"
    page.rename(work / "page.html")
    page.symlink_to(work / "page.html")
    assert faults(root, inside=tmp_path / "batch") == ()
    outside = tmp_path / "elsewhere.html"
    (work / "page.html").rename(outside)
    page.unlink()
    page.symlink_to(outside)
    assert {fault.rule for fault in faults(root, inside=tmp_path / "batch")} == {"points_outside", "mandatory"}


def test_a_root_that_is_a_link_is_not_followed(tmp_path):
    example_tree(tmp_path / "elsewhere")
    (tmp_path / "batch").mkdir()
    (tmp_path / "batch" / RUN).symlink_to(tmp_path / "elsewhere" / RUN)
    assert "points_outside" in {fault.rule for fault in faults(tmp_path / "batch" / RUN)}


def test_asv_folders_belong_to_runs_with_asvs(tmp_path):
    root = example_tree(tmp_path)
    assert {fault.rule for fault in faults(root, word="no_asvs")} == {"unexpected_folder"}
    (root / f"qc/{RUN}_dada2_errors.txt").write_text("gave up\n")
    folders = {"taxonomy-summary/DADA2-SILVA", "taxonomy-summary/DADA2-PR2"}
    assert {fault.path for fault in faults(root, word="dada2_stats_fail")} == folders
    for folder in ("asv", *folders):
        shutil.rmtree(root / folder)
    (root / f"qc/{RUN}_dada2_errors.txt").unlink()
    assert [fault.rule for fault in faults(root)] == ["asvs"]


def test_primers_are_none_or_whole(tmp_path):
    root = example_tree(tmp_path)
    (root / "primer-identification/fwd_primers.fasta").write_text(">p\nACGT\n")
    (fault,) = faults(root)
    assert (fault.rule, fault.path) == ("primers", "primer-identification")
