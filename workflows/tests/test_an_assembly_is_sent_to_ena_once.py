from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connections

from analyses.models import Accession, Assembler, Assembly, Study
from analyses.tests.factories import make_assembly, make_run, make_study
from ena.standin.testing import running_standin
from workflows.batches.assembly_studies import register_assembly_study
from workflows.batches.uploading import NotUploadable, answer_of, finish_upload, prepare_upload, start_step
from workflows.batches.webin_cli import Said, Step, read_answer
from workflows.models import Attention, ClusterJob
from workflows.tests.batches_by_hand import sites
from workflows.tests.conftest import make_cluster
from workflows.tests.made_trees import assembler_tree
from workflows.tests.real_batches import configure, go
from workflows.tests.webin import running_webin

PASSWORD = "of-this-test-run"


@pytest.fixture
def webin(settings, tmp_path, transactional_db):
    sites(settings, tmp_path)
    cluster = make_cluster("local", settings, tmp_path)
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "ENA_WEBIN_PASSWORD").write_text(PASSWORD)
    (secrets / "ENA_WEBIN_PASSWORD").chmod(0o600)
    with running_webin(PASSWORD, tmp_path / "webin") as (server, jar):
        configure(
            webin={"webin_cli_jar": jar, "emg_webin_account": "Webin-99900000"}, cluster={"secrets_root": secrets}
        )
        yield server
    cluster.close()


def completed(tmp_path, *, registered=True, level=0, owner=None, **tree):
    """An assembly of ours, with ENA's study for assemblies of its reads."""
    study = make_study(level=level, owner=owner)
    if registered:
        make_study(metadata={"study_alias": f"{study.first_accession}_assembly"})
    run = make_run(study)
    made_by, _ = Assembler.objects.get_or_create(name="metaspades", version="3.15.5")
    assembly = make_assembly(
        run,
        state="completed",
        assembler=made_by,
        metadata={"coverage_depth": 12.5},
        dir=str(assembler_tree(tmp_path / "tree", run.first_accession, **tree)),
    )
    Accession.objects.filter(assembly=assembly).delete()
    Assembly.objects.filter(pk=assembly.pk).update(first_accession=None, ena_accessions=[])
    return Assembly.objects.get(pk=assembly.pk)


def send(assembly, *steps, test_service=False, finish=True):
    upload = prepare_upload(assembly_id=assembly.pk, actor="test")
    for step in steps:
        job = start_step(upload=upload, step=step, test_service=test_service, actor="test")
        go(job)
    answer = answer_of(job, steps[-1])
    if finish:
        finish_upload(upload=upload, answer=answer, actor="test")
    assembly.refresh_from_db()
    return upload, answer


def test_it_is_uploaded_with_its_accession_and_a_second_time_nothing_is_sent(webin, tmp_path):
    assembly = completed(tmp_path)
    upload, _ = send(assembly, Step.VALIDATE, Step.SUBMIT)
    assert webin.submitted == {upload.alias: assembly.first_accession}
    assert (assembly.state, assembly.assembly_study.first_accession) == ("uploaded", upload.study)
    assert Accession.objects.get(accession=assembly.first_accession).assembly == assembly
    manifest = dict(line.split("\t") for line in upload.manifest.read_text().splitlines())
    run = assembly.runs.get()
    assert manifest == {
        "STUDY": upload.study,
        "SAMPLE": run.sample.first_accession,
        "RUN_REF": run.first_accession,
        "ASSEMBLYNAME": upload.alias,
        "ASSEMBLY_TYPE": "primary metagenome",
        "COVERAGE": "12.5",
        "PROGRAM": "metaspades v3.15.5",
        "PLATFORM": "Illumina MiSeq",
        "FASTA": manifest["FASTA"],
        "TPA": "true",
    }
    assert Path(manifest["FASTA"]).is_file()
    assert len(upload.alias) <= 50
    with pytest.raises(NotUploadable, match="is uploaded"):
        prepare_upload(assembly_id=assembly.pk, actor="test")
    assert webin.asked == 1


def test_a_lost_answer_makes_no_second_submission(webin, tmp_path):
    assembly = completed(tmp_path)
    webin.answers = [500]
    _, answer = send(assembly, Step.VALIDATE, Step.SUBMIT)
    assert (answer.said, assembly.state) == (Said.AWAY, "upload_failed")
    upload, answer = send(assembly, Step.VALIDATE, Step.SUBMIT)
    assert (answer.said, assembly.state) == (Said.SUBMITTED, "uploaded")
    assert webin.submitted == {upload.alias: assembly.first_accession}


def test_killed_before_it_was_recorded_it_is_recorded_without_a_second_job(webin, tmp_path):
    assembly = completed(tmp_path)
    send(assembly, Step.VALIDATE, Step.SUBMIT, finish=False)
    assert assembly.state == "uploading"
    jobs = ClusterJob.objects.count()
    send(assembly, Step.VALIDATE, Step.SUBMIT)
    assert (assembly.state, webin.asked) == ("uploaded", 1)
    assert ClusterJob.objects.count() == jobs == 2


@pytest.mark.parametrize(("steps", "test_service"), [((Step.VALIDATE,), False), ((Step.SUBMIT,), True)])
def test_a_rehearsal_is_no_upload_and_its_accession_is_not_kept(webin, tmp_path, steps, test_service):
    assembly = completed(tmp_path)
    send(assembly, *steps, test_service=test_service)
    assert (assembly.state, assembly.first_accession, webin.submitted) == ("completed", None, {})
    assert not Accession.objects.filter(assembly=assembly).exists()


def test_a_wrong_password_stops_the_account_after_one_try_and_is_nowhere_to_be_read(webin, tmp_path):
    assembly = completed(tmp_path)
    webin.password = "another-one"
    send(assembly, Step.VALIDATE, Step.SUBMIT)
    assert assembly.state == "upload_failed"
    assert Attention.objects.get(code="webin_password_refused").subject_id == "Webin-99900000"
    with pytest.raises(NotUploadable, match="refused the password"):
        prepare_upload(assembly_id=assembly.pk, actor="test")
    assert webin.asked == 1
    for job in ClusterJob.objects.all():
        assert PASSWORD not in str(job.spec)
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and "secrets" not in path.parts]
    assert not [path for path in kept if PASSWORD.encode() in path.read_bytes()]


def test_what_is_not_fit_stays_here_with_all_reasons(webin, tmp_path):
    assembly = completed(tmp_path)
    Assembly.objects.filter(pk=assembly.pk).update(metadata={}, sample=None, sample_visibility=None)
    next(tmp_path.rglob("*_coverage.json")).unlink()
    with pytest.raises(NotUploadable):
        prepare_upload(assembly_id=assembly.pk, actor="test")
    assembly.refresh_from_db()
    faults = assembly.events.get(to_state="upload_blocked").evidence["faults"]
    words = ["coverage.json", "no sample", "coverage or"]
    assert [word for word in words if word in str(faults)] == words
    assert webin.asked == 0


@pytest.fixture
def drop_box(webin):
    """Where studies are registered, by the same password."""
    with running_standin(password=PASSWORD) as server:
        configure(ena={"standin_url": server.url}, webin={"emg_webin_account": "Webin-99900001"})
        yield server.server.webin.registered


def test_the_study_for_them_is_registered_with_the_first_and_once(drop_box, webin, tmp_path):
    assemblies = [completed(tmp_path / name, registered=False) for name in "ab"]
    reads = assemblies[0].reads_study
    Assembly.objects.filter(pk=assemblies[1].pk).update(reads_study=reads, runs_key="b" * 40)
    for assembly in assemblies:
        assembly.refresh_from_db()
        send(assembly, Step.VALIDATE, Step.SUBMIT)
    (study,) = {assembly.assembly_study for assembly in assemblies}
    assert study.reads_study == reads
    assert study.title == f"EMG produced TPA metagenomics assembly of {reads.first_accession} data set"
    assert set(drop_box.values()) < set(study.ena_accessions)


def test_racing_uploads_register_one_study(drop_box, webin, tmp_path):
    assembly = completed(tmp_path, registered=False)

    def register(_):
        try:
            return register_assembly_study(assembly=assembly, test_service=False, actor="test")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(register, range(8)))) == len(drop_box) == 1
    assert Study.objects.filter(reads_study=assembly.reads_study).count() == 1


def test_a_dry_run_registers_nothing_and_a_rehearsal_keeps_nothing(drop_box, webin, tmp_path):
    assembly, studies = completed(tmp_path, registered=False), Study.objects.count()
    with pytest.raises(NotUploadable, match="use_ena_dropbox_dev=true"):
        prepare_upload(assembly_id=assembly.pk, actor="test", dry_run=True)
    assert not drop_box
    upload = prepare_upload(assembly_id=assembly.pk, actor="test", dry_run=True, test_service=True)
    assert list(drop_box.values()) == [upload.study]
    assert Study.objects.count() == studies


def test_private_assemblies_go_into_a_held_study_of_their_owner(drop_box, webin, tmp_path):
    assembly = completed(tmp_path, registered=False, level=1, owner="Webin-99900002")
    (tmp_path / "secrets" / "ENA_BROKER_PASSWORD").write_text(PASSWORD)
    prepare_upload(assembly_id=assembly.pk, actor="test")
    ((_, account, _),) = drop_box
    study = Study.objects.get(reads_study=assembly.reads_study)
    assert (account, study.visibility, study.ena_study.webin_owner) == ("mg-Webin-99900002", 1, "Webin-99900002")


def test_too_few_contigs_are_found_before_anything_is_sent(webin, tmp_path):
    assembly = completed(tmp_path, contigs=1)
    with pytest.raises(NotUploadable, match="1 contigs"):
        prepare_upload(assembly_id=assembly.pk, actor="test")
    assembly.refresh_from_db()
    assert assembly.state == "post_qc_failed"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", Said.FAILED),
        ("submission has been completed successfully: ERZ1000001 ERZ1000002", Said.FAILED),
        ("submission has been completed successfully", Said.FAILED),
        ("submission has been completed successfully: ERZ1000001", Said.SUBMITTED),
        ("This was a TEST submission(s). submission has been completed successfully: ERZ1000001", Said.REHEARSED),
    ],
)
def test_what_the_report_says(tmp_path, text, said):
    (tmp_path / "webin-cli.report").write_text(text)
    answer = read_answer(tmp_path, Step.SUBMIT)
    assert (answer.said, bool(answer.accession)) == (said, said == Said.SUBMITTED)
