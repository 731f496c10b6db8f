"""After the restore of an older backup: jobs that no row knows are followed again, and none runs twice (§2.4, §8)."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from workflows.cluster.doctor import examine
from workflows.cluster.reconciler import run_pass
from workflows.cluster.submission import submit_job
from workflows.models import Attention, ClusterJob, ClusterJobAttempt
from workflows.services.attention import raise_attention
from workflows.tests.cluster import is_final, kill_at, run_passes_until
from workflows.tests.jobs_by_hand import wait_until


def forget(*jobs):
    """As a backup does that is older than they."""
    ClusterJob.objects.filter(pk__in=[job.pk for job in jobs]).delete()


def say(capsys, *arguments):
    call_command("jobs", *arguments)
    return capsys.readouterr().out


def refusal(*arguments):
    with pytest.raises(CommandError) as refused:
        call_command("jobs", *arguments)
    return refused.value.returncode, str(refused.value)


def test_a_running_a_held_and_an_ended_job_come_back(cluster, capsys):
    assert refusal("adopt")[0] == 1
    running, ended = cluster.start("sleep 3", logical_key="r"), cluster.start("true", logical_key="e")
    failed, held = cluster.start("exit 3", logical_key="f"), cluster.intend("true", logical_key="h")
    wait_until(lambda: len(cluster.runs()) == 3, seconds=60)
    run_passes_until(is_final(ended, failed))
    assert kill_at("replied", lambda: submit_job(held))
    spec, token = running.spec, running.attempts.get().token
    forget(running, ended, failed, held)
    run_pass()
    assert Attention.objects.filter(code="unknown_job", cleared_at=None).count() == 2

    listed = say(capsys, "adopt")
    assert [word for word in listed.split() if word in ("live", "succeeded", "over")].count("live") == 2
    assert ClusterJob.objects.count() == 0
    assert "4 jobs" in say(capsys, "adopt", "--apply")
    assert not Attention.objects.filter(code="unknown_job", cleared_at=None).exists()
    run_passes_until(is_final(running, ended, held))
    back = {job.logical_key: job for job in ClusterJob.objects.all()}
    assert {key: job.state for key, job in back.items()} == {
        "r": "SUCCEEDED", "e": "SUCCEEDED", "h": "SUCCEEDED", "f": "FAILED",
    }  # fmt: skip
    assert (back["r"].pk, back["r"].spec, back["r"].attempts.get().token) == (running.pk, spec, token)
    assert back["f"].outcome_class == "LOST"
    assert cluster.runs() == {attempt.token: 1 for attempt in ClusterJobAttempt.objects.all()}
    assert refusal("adopt", "--apply")[0] == 1
    assert examine() == []


def test_one_that_was_asked_for_again_meanwhile_is_left_alone(cluster, capsys):
    first = cluster.start("sleep 5", logical_key="same")
    forget(first)
    again = cluster.intend("true", logical_key="same")
    code, why = refusal("adopt", "--apply")
    assert code == 2
    assert str(again.pk) in why
    assert list(ClusterJob.objects.all()) == [again]


def test_earlier_attempts_come_back_as_lost(cluster):
    job = cluster.start("sleep 5")
    wait_until(cluster.runs, seconds=60)
    cluster.break_down(job.attempts.get())
    run_passes_until(lambda: job.attempts.count() == 2)
    ClusterJobAttempt.objects.filter(state="INTENDED").update(not_before=None, submissions=1)
    run_passes_until(lambda: sum(cluster.runs().values()) == 2)
    tokens = list(job.attempts.order_by("number").values_list("token", flat=True))
    forget(job)
    call_command("jobs", "adopt", "--apply")
    run_passes_until(is_final(job))
    job.refresh_from_db()
    told = job.attempts.order_by("number").values_list("number", "token", "state", "outcome_class")
    assert list(told) == [(1, tokens[0], "FAILED", "LOST"), (2, tokens[1], "SUCCEEDED", None)]
    assert examine() == []


def test_a_loss_is_accepted_with_a_reason(db, capsys):
    assert refusal("accept-loss", "--reason", "why not")[0] == 1
    raise_attention(code="many_missing", subject_kind="backend", subject_id="slurm", text="12 of 12")
    assert refusal("accept-loss", "--reason", " ")[0] == 2
    assert say(capsys, "accept-loss", "--reason", "the controller lost its state").startswith("slurm: ")
    told = Attention.objects.get()
    assert (told.cleared_by[:5], told.cleared_because) == ("user:", "the controller lost its state")
