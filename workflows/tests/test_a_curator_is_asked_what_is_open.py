import pytest

from analyses.models import Analysis, Assembly, Biome
from analyses.services.plan_assemblies import newest_assembler
from analyses.tests.factories import fastq_file, make_assembly, make_biome, make_run, make_study
from workflows.batches.choosing import StudySettings, apply_settings, form_for, known_settings
from workflows.batches.starting import NotAvailableHere
from workflows.pipelines import registry

pytestmark = pytest.mark.django_db
OF_RUNS = {"library_strategy_policy", "library_source_policy", "wait_for_samplesheet_editing"}
MARINE = "root:Environmental:Aquatic:Marine"


def fields(study, slug):
    return set(form_for(study, registry.get(slug)).model_fields)


def apply(study, slug, **chosen):
    declared = registry.get(slug)
    apply_settings(study, declared, StudySettings(biome=MARINE, **chosen), actor="test")


def test_each_pipeline_asks_only_what_it_needs(admin_user):
    study = make_study()
    asked = {"biome", "watchers"}
    assert fields(study, "amplicon_v6") == asked | OF_RUNS
    assert fields(study, "rawreads_v6") == asked | OF_RUNS | {"functional_analysis"}
    assert fields(study, "miassembler_v3") == asked | OF_RUNS | {"assembler", "contaminant_reference"}
    assert fields(make_study(level=1), "amplicon_v6") == asked | OF_RUNS | {"webin_owner"}


def test_of_assemblies_nothing_is_asked_unless_the_study_lacks_it():
    declared = registry.get("assembly_v6")
    known, private = make_study(), make_study(level=1)
    assert known_settings(known, declared) == StudySettings(biome=MARINE)
    assert known_settings(private, declared) is None
    assert fields(private, "assembly_v6") == {"biome", "webin_owner"}


def test_the_answer_is_done_and_its_watchers_watch(admin_user):
    study = make_study(biome=make_biome("root:Engineered"))
    make_run(study)
    make_biome(MARINE)
    for _ in range(2):
        apply(study, "amplicon_v6", watchers=[admin_user.username])
    assert study.biome == Biome.objects.get(lineage=MARINE)
    assert [watcher.user for watcher in study.watchers.all()] == [admin_user]
    assert Analysis.objects.get(study=study).state == "planned"


def test_every_run_without_an_assembly_gets_one_by_the_assembler_that_suits_it():
    study = make_study()
    library = {"library_strategy": "WGS", "experiment_type": "UNKNO"}
    pair = [fastq_file("ERR9990009", number) for number in (1, 2)]
    single, paired, torrent, long_read, in_ena = (
        make_run(study, **library | more)
        for more in (
            {},
            {"fastq_files": pair},
            {"instrument_platform": "ION_TORRENT"},
            {"instrument_platform": "OXFORD_NANOPORE", "fastq_files": pair},
            {},
        )
    )
    make_run(study)
    make_assembly(in_ena)
    newest = newest_assembler("megahit")
    for _ in range(2):
        apply(study, "miassembler_v3")
    made = {one.runs.get(): one for one in Assembly.objects.filter(state="planned")}
    assert {run: str(one.assembler) for run, one in made.items()} == {
        single: str(newest),
        paired: "metaspades 3.15.5",
        torrent: "spades 3.15.5",
        long_read: "flye 2.9",
    }
    assert {(one.reads_study, one.sample, one.events.get().to_state) for one in made.values()} == {
        (study, run.sample, "planned") for run in made
    }


def test_assemblies_of_other_kinds_are_not_analysed():
    study = make_study()
    file = {"generated_ftp": "ftp.sra.ebi.ac.uk/a.fa.gz"}
    kinds = [{}, file, file | {"assembly_type": "binned metagenome"}, file | {"assembly_type": "primary metagenome"}]
    _, good, _, named = (make_assembly(make_run(study), assembly_study=study, metadata=metadata) for metadata in kinds)
    for _ in range(2):
        apply(study, "assembly_v6")
    analyses = Analysis.objects.filter(study=study)
    assert {analysis.assembly for analysis in analyses} == {good, named}
    assert {(analysis.experiment_type, analysis.state) for analysis in analyses} == {("ASSEM", "planned")}


def test_a_genome_that_the_site_does_not_have_is_refused(settings, tmp_path):
    study = make_study()
    group = settings.EMG_CONFIG.assembly_analysis_pipeline
    group = group.model_copy(update={"params": {"reference_genomes_folder": str(tmp_path)}})
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"assembly_analysis_pipeline": group})
    (tmp_path / "chicken").mkdir()
    file = {"generated_ftp": "ftp.sra.ebi.ac.uk/a.fa.gz"}
    assembly = make_assembly(make_run(study), assembly_study=study, metadata=file)
    for name in ("cow", "../chicken"):
        with pytest.raises(NotAvailableHere, match="there is no"):
            apply(study, "assembly_v6", contaminant_reference=name)
    apply(study, "assembly_v6", contaminant_reference="chicken")
    assembly.refresh_from_db()
    assert assembly.metadata["contaminant_reference"] == "chicken"
