import pytest

from analyses.models import Analysis
from analyses.tests.factories import make_analysis, make_assembly, make_run, make_study
from workflows.batches.closing import NotFinished, close_batch
from workflows.batches.folding import fold_batch
from workflows.batches.importing import import_batch
from workflows.batches.places import folder_of, places_of, root_of
from workflows.batches.planning import plan_batches
from workflows.batches.publishing import finish_publishing, start_publishing
from workflows.batches.stages import plan_stage
from workflows.batches.starting import start_batch
from workflows.models import Attention, Batch
from workflows.pipelines import registry
from workflows.pipelines.fetch import project_folder
from workflows.selectors.batches import add_ons_of, stages_of
from workflows.tests.batches_by_hand import do_copy, end_job, fetched, site
from workflows.tests.example_trees import example_assembly, example_mobilome, example_viruses

__all__ = ["site"]
CHAIN = ("assembly_v6", "virify_v3", "map_v4")


@pytest.fixture
def chain(site, settings):
    """The three pipelines as if they had been fetched."""
    for slug in CHAIN:
        fetched(site, slug, "reference_genomes_folder")
    group = site.assembly_analysis_pipeline.model_copy(update={"params": {"reference_genomes_folder": "/references"}})
    settings.EMG_CONFIG = site.model_copy(update={"assembly_analysis_pipeline": group})
    return settings.EMG_CONFIG


def batch_of(number):
    study = make_study()
    for _ in range(number):
        metadata = {"generated_ftp": "ftp.ebi.ac.uk/vol1/sequence/ERZ1/contig.fa.gz"}
        make_analysis(make_assembly(make_run(study), assembly_study=study, metadata=metadata))
    (batch,) = plan_batches(study=study, slug="assembly_v6", actor="test")
    return batch


def begun(batch_id):
    """Start a stage and give it, with its outdir and its sheet by accession."""
    start_batch(batch_id=batch_id, actor="test")
    batch = Batch.objects.get(pk=batch_id)
    header, *lines = (line.split(",") for line in places_of(batch).sheet(1).read_text().splitlines())
    return batch, places_of(batch).outdir, {line[0]: dict(zip(header, line, strict=True)) for line in lines}


def ended(stage, of=None, **how):
    end_job(stage.job, **how)
    fold_batch(batch_id=stage.pk, actor="test")
    import_batch(batch_id=(of or stage).pk, actor="test", with_stages=of is not None)


def analysed(batch, *accessions):
    _, outdir, _ = begun(batch.pk)
    for accession in accessions:
        example_assembly(outdir, accession)
    (outdir / "analysed_assemblies.csv").write_text("".join(f"{one},success\n" for one in accessions))
    ended(Batch.objects.get(pk=batch.pk))


def published(batch):
    copy = start_publishing(batch_id=batch.pk, actor="test")
    do_copy(copy)
    assert not finish_publishing(batch_id=batch.pk, job_id=copy.pk, actor="test").kept_back
    close_batch(batch_id=batch.pk, actor="test")


def accessions_of(batch):
    return sorted(member.accession for member in batch.members.all())


def test_each_stage_works_on_what_the_one_before_completed_and_all_is_published_at_once(chain):
    batch = batch_of(2)
    good, bad = accessions_of(batch)
    analysed(batch, good)
    assert start_publishing(batch_id=batch.pk, actor="test") is None
    virify = plan_stage(after=batch.pk, actor="test")
    assert plan_stage(after=batch.pk, actor="test") == virify
    stage, outdir, sheet = begun(virify)
    assert set(sheet) == {good}
    assert sheet[good]["assembly"].endswith(f"results/{good}/qc/{good}_filtered_contigs.fasta.gz")
    assert sheet[good]["proteins"].endswith(f"{good}_predicted_cds.faa.gz")
    assert stage.members.get(assembly__first_accession=bad).verdict == "skipped"
    example_viruses(outdir, good)
    ended(stage, of=batch)
    with pytest.raises(NotFinished):
        close_batch(batch_id=batch.pk, actor="test")
    stage, outdir, sheet = begun(plan_stage(after=virify, actor="test"))
    assert sheet[good]["virify_gff"].endswith(f"{good}/08-final/gff/{good}_virify.gff.gz")
    example_mobilome(outdir, good)
    ended(stage, of=batch)
    assert plan_stage(after=stage.pk, actor="test") is None
    published(batch)
    states = dict(Analysis.objects.values_list("assembly__first_accession", "state"))
    assert states == {good: "published", bad: "failed"}
    analysis = Analysis.objects.get(state="published")
    folder = root_of("public") / folder_of(analysis)
    assert folder.name == "assembly"
    for download in analysis.downloads.all():
        for path in (download.path, *(index["path"] for index in download.index_files)):
            assert (folder / path).is_file()
    assert (folder / f"mobilome-annotation/gff/{good}_user_mobilome_full.gff.gz.csi").is_file()
    stages = stages_of(batch.members.get(assembly__first_accession=good), add_ons_of(batch))
    assert {one.slug: one.verdict for one in stages} == {"virify_v3": "completed", "map_v4": "completed"}
    assert {one.state for one in add_ons_of(batch)} == {"done"}


def test_a_failed_add_on_keeps_no_analysis_back_and_is_told(chain):
    batch = batch_of(1)
    (accession,) = accessions_of(batch)
    analysed(batch, accession)
    stage, _, _ = begun(plan_stage(after=batch.pk, actor="test"))
    ended(stage, of=batch, state="FAILED", outcome_class="EXIT", exit_code=1)
    stage, outdir, sheet = begun(plan_stage(after=stage.pk, actor="test"))
    assert sheet[accession]["virify_gff"] == ""
    example_mobilome(outdir, accession)
    ended(stage, of=batch)
    published(batch)
    analysis = Analysis.objects.get(state="published")
    told = analysis.metadata["pipeline"]["stages"]
    assert (told["virify_v3"]["verdict"], told["map_v4"]["verdict"]) == ("failed", "completed")
    assert not analysis.downloads.filter(download_group="virify").exists()
    assert accession in Attention.objects.get(code="add_on_failed", cleared_at=None).text


def test_an_assembly_without_viruses_is_completed_and_a_missing_mobilome_is_a_fault(chain):
    batch = batch_of(1)
    (accession,) = accessions_of(batch)
    analysed(batch, accession)
    stage, _, _ = begun(plan_stage(after=batch.pk, actor="test"))
    ended(stage, of=batch)
    member = stage.members.get()
    assert (member.verdict, member.word) == ("completed", "no_viral_contigs")
    stage, _, _ = begun(plan_stage(after=stage.pk, actor="test"))
    ended(stage, of=batch)
    member = stage.members.get()
    assert (member.verdict, [fault["rule"] for fault in member.faults]) == ("check_failed", ["mandatory"])


def test_an_add_on_that_is_not_available_is_skipped_whole(site, chain):
    project_folder(site.slurm.pipelines_root_dir, "virify_v3", registry.revision_of("virify_v3")).rename(
        site.slurm.pipelines_root_dir / "gone"
    )
    batch = batch_of(1)
    analysed(batch, *accessions_of(batch))
    virify = Batch.objects.get(pk=plan_stage(after=batch.pk, actor="test"))
    assert virify.members.get().reason_code == "not_available_here"
    _, _, sheet = begun(plan_stage(after=virify.pk, actor="test"))
    assert set(sheet) == set(accessions_of(batch))
