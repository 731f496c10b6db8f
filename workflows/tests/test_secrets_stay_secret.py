import pytest

from analyses.tests.factories import make_run, make_study
from workflows.batches.planning import plan_sample_batches
from workflows.batches.starting import start_batch
from workflows.cluster.policies import POLICIES
from workflows.cluster.requests import WrongRequest, record_intent
from workflows.cluster.secrets import PlainSecret, UnknownReference, mask
from workflows.models import ClusterJob, WorkEvent
from workflows.tests.batches_by_hand import site
from workflows.tests.cluster import directory_of, is_final, run_passes_until

__all__ = ["site"]

CANARY = "cAnAry/4711+x"


@pytest.fixture
def vault(cluster, settings):
    root = cluster.root / "vault"
    root.mkdir()
    (root / "password").write_text(f"{CANARY}\n")
    config = settings.EMG_CONFIG
    changed = config.cluster.model_copy(update={"secrets_root": root})
    settings.EMG_CONFIG = config.model_copy(update={"cluster": changed})
    return cluster


def test_the_command_gets_it_and_nothing_else_does(vault):
    job = vault.start('[ "$WEBIN" = "cAnAry"/4711+x ] && env && echo "$0 $@"', secrets={"WEBIN": "password"})
    run_passes_until(is_final(job))
    job.refresh_from_db()
    assert job.state == "SUCCEEDED"
    attempt = job.attempts.get()
    assert "WEBIN=********" in attempt.log_tail
    held = [repr(list(model.objects.values())) for model in (ClusterJob, WorkEvent)]
    directory = directory_of(job)
    held += [path.read_text() for path in directory.iterdir() if path.name != "out.log"]
    assert not [text for text in [*held, attempt.log_tail] if CANARY in text]


@pytest.mark.parametrize(
    ("changed", "error", "named"),
    [
        ({"argv": ["curl", f"--password={CANARY}"]}, PlainSecret, r"argv\[1\]"),
        ({"name": f"fetch with {CANARY}"}, PlainSecret, "name"),
        ({"environment": {"MY_PASSWORD": "x"}}, PlainSecret, "MY_PASSWORD"),
        ({"environment": {"OTHER": f"a{CANARY}"}}, PlainSecret, "OTHER"),
        ({"secrets": {"WEBIN": "../vault/../../etc/passwd"}}, UnknownReference, "etc/passwd"),
        ({"secrets": {"WEBIN": "no-such"}}, UnknownReference, "no-such"),
        ({"environment": {"A B": "x"}, "name": "a\nb", "cpus": 0}, WrongRequest, "name: .*cpus: .*environment: "),
        ({"argv": []}, WrongRequest, "argv"),
        ({"working_dir": "here"}, WrongRequest, "working_dir"),
    ],
)
def test_what_is_refused_names_the_argument_and_not_the_value(vault, changed, error, named):
    request = vault.request(**changed)
    with pytest.raises(error, match=named) as refusal:
        record_intent(request=request, policy=POLICIES["NeverResubmitPolicy"], actor="test")
    assert CANARY not in str(refusal.value)
    assert not ClusterJob.objects.exists()


def test_masks_values_in_every_dress(vault):
    said = mask(f"a {CANARY} b cAnAry%2F4711%2Bx c Y0FuQXJ5LzQ3MTEreA== d -password hush e ftp://me:hush@host")
    assert "hush" not in said
    assert said.count("********") == 5


def test_the_runs_of_a_private_study_are_asked_for_by_name_or_not_at_all(site, settings, tmp_path):
    study = make_study(level=1, owner="Webin-99900001")
    sample = make_run(study).sample
    (batch,) = plan_sample_batches(study=study, slug="download_read_runs", samples=[sample], actor="test")
    with pytest.raises(UnknownReference, match="SECRETS_ROOT is not set"):
        start_batch(batch_id=batch.pk, actor="test")
    for name in ("ENA_USERNAME", "ENA_PASSWORD"):
        (tmp_path / name).write_text(CANARY)
    cluster = settings.EMG_CONFIG.cluster.model_copy(update={"secrets_root": tmp_path})
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"cluster": cluster})
    job = start_batch(batch_id=batch.pk, actor="test")
    assert set(job.spec["secrets"]) == {"ENA_USERNAME", "ENA_PASSWORD"}
