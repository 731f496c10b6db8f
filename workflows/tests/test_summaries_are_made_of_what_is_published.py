import shutil

import pytest

from analyses.tests.factories import make_analysis, make_assembly, make_run, make_study
from workflows.batches.places import NotReachable, places_of, root_of
from workflows.batches.planning import plan_batches
from workflows.batches.starting import start_batch
from workflows.batches.summaries import finish_copying_summaries, start_copying_summaries, summaries_are_served
from workflows.batches.summary_tables import tables_of
from workflows.models import Batch
from workflows.tests.batches_by_hand import do_copy, end_job, fetched, finish, plan, report, site, write_tree
from workflows.tests.example_trees import REGION, RUN, example_assembly, example_tree
from workflows.tests.made_trees import raw_reads_tree

__all__ = ["site"]


def begun(study, slug):
    (batch,) = plan_batches(study=study, slug=slug, actor="test")
    start_batch(batch_id=batch.pk, actor="test")
    batch = Batch.objects.get(pk=batch.pk)
    return batch, places_of(batch).outdir


def tables(study, slug):
    """Label → lines of cells."""
    return {
        name.removeprefix(f"{study.first_accession}_").removesuffix("_study_summary.tsv"): [
            line.split("\t") for line in text.splitlines()
        ]
        for name, (_, text) in tables_of(study, slug).items()
    }


@pytest.fixture
def raw_reads(site):
    """Two published runs, of which only the second has functions."""
    fetched(site, "rawreads_v6", "skip_functional")
    study = make_study()
    for _ in range(2):
        make_analysis(make_run(study, experiment_type="METAG"))
    batch, outdir = begun(study, "rawreads_v6")
    runs = sorted(member.accession for member in batch.members.all())
    for run in runs:
        raw_reads_tree(outdir / run, run, functional=run == runs[1])
    (outdir / "qc_passed_runs.csv").write_text("".join(f"{run},all_results\n" for run in runs))
    end_job(batch.job)
    finish(batch)
    return study, runs


def test_a_member_without_the_optional_file_is_a_column_of_zeros(raw_reads):
    study, runs = raw_reads
    found = tables(study, "rawreads_v6")
    assert found["silva-ssu"] == [["taxonomy", *runs], ["Archaea", "30", "30"], ["Bacteria;;Bacillota", "12", "12"]]
    assert found["pfam_read-count"] == [["function", *runs], ["PF00005.33", "0", "12"], ["PF00072.30", "0", "3"]]
    assert found["pfam_coverage-depth"][2] == ["PF00072.30", "0", "0.001"]
    assert set(found) == {"silva-ssu", "silva-lsu", "motus"} | {
        f"pfam_{layer}" for layer in ("read-count", "coverage-depth", "coverage-breadth")
    }


def test_what_is_served_says_what_it_is_and_a_second_time_nothing_is_written(raw_reads):
    study, _ = raw_reads
    job = start_copying_summaries(study=study, slug="rawreads_v6", actor="test")
    do_copy(job)
    assert finish_copying_summaries(study=study, slug="rawreads_v6", job_id=job.pk) == 6
    kinds = {download.download_group: download.download_type for download in study.downloads.all()}
    assert kinds["study_summary.motus"] == "Taxonomic analysis"
    assert kinds["study_summary.pfam.read-count"] == "Functional analysis"
    assert summaries_are_served(study=study, slug="rawreads_v6")
    assert start_copying_summaries(study=study, slug="rawreads_v6", actor="test") is None


def test_each_amplified_region_has_its_table(site):
    study = make_study()
    for accession in (RUN, "SRR9999999"):
        make_analysis(make_run(study, accession=accession))
    batch = plan(study)
    start_batch(batch_id=batch.pk, actor="test")
    batch = Batch.objects.get(pk=batch.pk)
    example_tree(places_of(batch).outdir)
    write_tree(batch, "SRR9999999")
    report(batch, passed=["SRR9999999"])
    with (places_of(batch).outdir / "qc_passed_runs.csv").open("a") as file:
        file.write(f"{RUN},all_results\n")
    end_job(batch.job)
    finish(batch)
    found = tables(study, "mini_amplicon")
    assert found[f"DADA2-SILVA_{REGION}"] == [
        ["taxonomy", RUN, "SRR9999999"],
        ["sk__Archaea", "12", "0"],
        ["sk__Bacteria;k__;p__Bacillota", "30", "0"],
    ]
    assert {"SILVA-SSU", "PR2", "UNITE", f"DADA2-PR2_{REGION}"} < set(found)


def test_the_tables_of_assemblies_come_from_their_published_files(site, tmp_path):
    study = make_study()
    assembly = make_assembly(make_run(study), assembly_study=study)
    analysis = make_analysis(assembly, state="published", metadata={"pipeline": {"slug": "assembly_v6"}})
    accession, folder = assembly.first_accession, root_of("public") / analysis.external_results_dir
    folder.parent.mkdir(parents=True)
    example_assembly(tmp_path, accession).rename(folder)
    found = tables(study, "assembly_v6")
    rows = {label: len(lines) - 1 for label, lines in found.items()}
    assert rows == {
        "go": 631,
        "goslim": 116,
        "interpro": 2368,
        "ko": 9497,
        "pfam": 1119,
        "antismash": 2,
        "sanntis": 1,
        "kegg_modules": 437,
    }
    assert found["go"][0] == ["GO", "description", "category", accession]
    assert sum(int(line[-1]) for line in found["ko"][1:]) == 41433
    shutil.rmtree(folder)
    with pytest.raises(NotReachable):
        tables_of(study, "assembly_v6")
