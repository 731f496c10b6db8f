import csv
from hashlib import sha1

import pytest

from analyses.models import Assembler, Assembly, ComputeResourceHeuristic
from analyses.tests.factories import fastq_file, make_assembly, make_run, make_sample, make_study
from workflows.batches.closing import close_batch
from workflows.batches.folding import fold_batch, odd_members
from workflows.batches.importing import import_batch
from workflows.batches.places import places_of
from workflows.batches.planning import CoAssemblyRefused, plan_batches
from workflows.batches.recovery import adopt_outdir, find_results, take_results
from workflows.batches.starting import start_batch
from workflows.models import Batch, Notice
from workflows.pipelines import registry
from workflows.tests.batches_by_hand import end_job, fetched, is_done, site
from workflows.tests.made_trees import assembler_tree

__all__ = ["site"]
SLUG = "miassembler_v3"


@pytest.fixture
def assembler(site, settings):
    fetched(site, SLUG, "private_study use_fire_download skip_human_decontamination reference_genomes_folder")
    changed = {"params": {"reference_genomes_folder": "/references"}, "references": {"human_reference": "human.fna"}}
    settings.EMG_CONFIG = site.model_copy(update={"assembler": site.assembler.model_copy(update=changed)})


def planned(study, *, sample=None, by="metaspades", **run):
    made_by, _ = Assembler.objects.get_or_create(name=by, version="1")
    run = make_run(study, sample, experiment_type="METAG", **run)
    made = make_assembly(run, state="planned", assembler=made_by, runs_key=sha1(str(run.pk).encode()).hexdigest())
    return made, run.first_accession


def begun(study):
    (batch,) = plan_batches(study=study, slug=SLUG, actor="test")
    start_batch(batch_id=batch.pk, actor="test")
    batch = Batch.objects.get(pk=batch.pk)
    with places_of(batch).sheet(1).open(newline="") as file:
        return batch, {row["reads_accession"]: row for row in csv.DictReader(file)}


def tree_of(batch, run, **how):
    study = batch.study.first_accession
    return assembler_tree(places_of(batch).outdir / study[:7] / study / run[:7] / run, run, **how)


def ended(batch, *, assembled=(), refused=()):
    outdir = places_of(batch).outdir
    for name, lines in (("assembled_runs.csv", assembled), ("qc_failed_runs.csv", refused)):
        if lines:
            (outdir / name).write_text("".join(",".join(line) + "\n" for line in lines))
    end_job(batch.job)
    fold_batch(batch_id=batch.pk, actor="test")
    import_batch(batch_id=batch.pk, actor="test")


def test_each_sample_is_cleaned_of_its_own_host_and_gets_the_memory_of_its_biome(assembler):
    study = make_study()
    chicken = make_sample(study, metadata={"host_tax_id": "9031"})
    nobody = make_sample(study, metadata={"host_tax_id": "90310"})
    _, first = planned(study, sample=chicken)
    _, second = planned(study, sample=nobody, by="megahit")
    pair = [fastq_file("ERR9990009", number) for number in (1, 2)]
    _, third = planned(study, by="flye", instrument_platform="PACBIO_SMRT", fastq_files=pair)
    ComputeResourceHeuristic.objects.create(
        process="ASSEM", biome=study.biome, assembler=Assembler.objects.get(name="megahit"), memory_gib=50.5
    )
    _, sheet = begun(study)
    assert [sheet[run]["contaminant_reference"] for run in (first, second, third)] == ["chicken.fna", "", ""]
    assert [sheet[run]["assembly_memory"] for run in (first, second, third)] == ["16", "51", "16"]
    assert [sheet[run]["library_layout"] for run in (first, third)] == ["single", "paired"]
    assert (sheet[third]["platform"], sheet[third]["assembler"]) == ("pb", "flye")
    assert {row["human_reference"] for row in sheet.values()} == {"human.fna"}
    assert {row["study_accession"] for row in sheet.values()} == {study.first_accession}


def test_an_assembly_has_its_numbers_and_each_refusal_its_own_state(assembler):
    study = make_study()
    rows = dict(reversed(planned(study)) for _ in range(4))
    good, few, poor, broken = rows
    batch, _ = begun(study)
    tree_of(batch, good, contigs=5)
    tree_of(batch, broken, contigs=1, version="4")
    ended(
        batch,
        assembled=[(good, "metaspades", "3.15.5"), (broken, "metaspades", "4")],
        refused=[(few, "too_few_contigs"), (poor, "low_reads_count")],
    )
    close_batch(batch_id=batch.pk, actor="test")
    states = {run: Assembly.objects.get(pk=row.pk).state for run, row in rows.items()}
    assert states == {good: "completed", few: "post_qc_failed", poor: "pre_qc_failed", broken: "failed"}
    assembly = Assembly.objects.get(pk=rows[good].pk)
    assert (assembly.assembler.name, assembly.assembler.version) == ("metaspades", "3.15.5")
    assert assembly.metadata == {"n_contigs": 5, "coverage": 0.75, "coverage_depth": 12.5}
    assert assembly.dir.endswith(f"/{good[:7]}/{good}")
    (fault,) = batch.members.get(product_assembly=rows[broken]).faults
    assert (fault["rule"], fault["found"]) == ("fasta_records", "1")
    assert is_done(batch)
    told = Notice.objects.get(heading="flow.assembly.finished").payload
    counts = {"successful": 1, "uploaded": 0, "failed": 3, "total": 4}
    assert told == counts | {"study": study.accession, "study_watchers": [], "pipeline": SLUG}


def test_long_reads_are_judged_by_their_files(assembler):
    study = make_study()
    rows = dict(reversed(planned(study, by="flye", instrument_platform="OXFORD_NANOPORE")) for _ in range(2))
    there, nowhere = rows
    batch, _ = begun(study)
    tree_of(batch, there, assembler="flye", version="2.9")
    ended(batch)
    assert Assembly.objects.get(pk=rows[there].pk).assembler.version == "2.9"
    assert [member.accession for member in odd_members(batch)] == [nowhere]


def test_a_coassembly_is_refused_by_name(assembler):
    study = make_study()
    runs = [make_run(study, experiment_type="METAG") for _ in range(2)]
    make_assembly(*runs, state="planned")
    with pytest.raises(CoAssemblyRefused, match=f"{runs[0].first_accession}, {runs[1].first_accession}"):
        plan_batches(study=study, slug=SLUG, actor="test")


def test_a_site_that_names_no_human_genome_is_told_so(assembler, settings):
    group = settings.EMG_CONFIG.assembler.model_copy(update={"references": {}})
    config = settings.EMG_CONFIG.model_copy(update={"assembler": group})
    missing = registry.missing_here(registry.get(SLUG), config)
    assert missing == ["EMG_ASSEMBLER__REFERENCES: human_reference is not set"]


def test_what_failed_is_assembled_again_where_it_was_asked_for_or_nobodys_fault(assembler):
    study = make_study()
    rows = dict(reversed(planned(study)) for _ in range(2))
    batch, _ = begun(study)
    end_job(batch.job, "FAILED", "EXIT", exit_code=1)
    fold_batch(batch_id=batch.pk, actor="test")
    close_batch(batch_id=batch.pk, actor="test")
    assert plan_batches(study=study, slug=SLUG, actor="test") == []
    (again,) = plan_batches(study=study, slug=SLUG, actor="test", retry_failed=True)
    assert again == batch
    assert {Assembly.objects.get(pk=row.pk).state for row in rows.values()} == {"planned"}


def test_a_head_that_the_scheduler_refuses_leaves_all_planned(assembler):
    study = make_study()
    made, _ = planned(study)
    batch, _ = begun(study)
    end_job(batch.job, "FAILED", "REFUSED")
    fold_batch(batch_id=batch.pk, actor="test")
    made.refresh_from_db()
    assert made.state == "planned"
    assert close_batch(batch_id=batch.pk, actor="test").state == "cancelled"


def test_assemblies_that_were_made_elsewhere_are_taken_from_their_folder(assembler, site):
    study = make_study()
    rows = dict(reversed(planned(study)) for _ in range(3))
    whole, cut, absent = rows
    outdir = site.slurm.default_workdir / "by-hand"
    name = study.first_accession
    for run, contigs in ((whole, 5), (cut, 1)):
        assembler_tree(outdir / name[:7] / name / run[:7] / run, run, contigs=contigs)
    (outdir / "assembled_runs.csv").write_text(f"{whole},metaspades,3.15.5\n{cut},metaspades,3.15.5\n")
    (batch,) = adopt_outdir(study=study, slug=SLUG, outdir=outdir, actor="test")
    assert {one.member.accession: bool(one.faults) for one in find_results(batch)} == {
        whole: False,
        cut: True,
        absent: True,
    }
    (taken,) = take_results(batch=batch, actor="test")
    import_batch(batch_id=batch.pk, actor="test")
    assert taken.member.accession == whole
    states = {run: Assembly.objects.get(pk=row.pk).state for run, row in rows.items()}
    assert states == {whole: "completed", cut: "planned", absent: "planned"}
    assert Assembly.objects.get(pk=rows[whole].pk).metadata["coverage_depth"] == 12.5
    assert not take_results(batch=batch, actor="test"), "nothing new"
