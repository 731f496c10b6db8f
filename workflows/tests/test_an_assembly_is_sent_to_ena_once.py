from pathlib import Path

import pytest

from analyses.models import Accession, Assembler, Assembly
from analyses.tests.factories import make_assembly, make_run, make_study
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


def completed(tmp_path, *, registered=True, **tree):
    """An assembly of ours, with ENA's study for assemblies of its reads."""
    study = make_study()
    if registered:
        make_study(metadata={"study_alias": f"{study.first_accession}_assembly"})
    run = make_run(study)
    made_by = Assembler.objects.create(name="metaspades", version="3.15.5")
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
        go(start_step(upload=upload, step=step, test_service=test_service, actor="test"))
    answer = answer_of(upload, steps[-1], test_service=test_service)
    if finish:
        finish_upload(upload=upload, answer=answer, actor="test")
    assembly.refresh_from_db()
    return upload, answer


def test_it_is_uploaded_with_its_accession_and_a_second_time_nothing_is_sent(webin, tmp_path):
    assembly = completed(tmp_path)
    upload, _ = send(assembly, Step.VALIDATE, Step.SUBMIT)
    assert webin.submitted == {upload.alias: assembly.first_accession}
    assert (assembly.state, assembly.assembly_study) == ("uploaded", upload.study)
    assert Accession.objects.get(accession=assembly.first_accession).assembly == assembly
    manifest = dict(line.split("\t") for line in upload.manifest.read_text().splitlines())
    run = assembly.runs.get()
    assert manifest == {
        "STUDY": upload.study.first_accession,
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
    assert (answer.said, assembly.state) == (Said.FAILED, "upload_failed")
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
    assembly = completed(tmp_path, registered=False)
    Assembly.objects.filter(pk=assembly.pk).update(metadata={}, sample=None, sample_visibility=None)
    next(tmp_path.rglob("*_coverage.json")).unlink()
    with pytest.raises(NotUploadable):
        prepare_upload(assembly_id=assembly.pk, actor="test")
    assembly.refresh_from_db()
    faults = assembly.events.get(to_state="upload_blocked").evidence["faults"]
    assert [word for word in ("coverage.json", "no study", "no sample", "coverage or") if word in str(faults)] == [
        "coverage.json",
        "no study",
        "no sample",
        "coverage or",
    ]
    assert webin.asked == 0


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
