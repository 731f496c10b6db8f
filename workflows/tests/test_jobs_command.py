import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from analyses.tests.factories import make_study
from workflows.cluster.cancellation import cancel_intended
from workflows.cluster.policies import POLICIES
from workflows.cluster.requests import JobRequest, record_intent
from workflows.models import ClusterJob
from workflows.selectors.jobs import find_jobs, list_jobs, reason_in_words, what_next, word_of
from workflows.tests.jobs_by_hand import make_job

pytestmark = pytest.mark.django_db


def say(capsys, *arguments):
    call_command("jobs", *arguments)
    return capsys.readouterr().out


def refusal(*arguments):
    with pytest.raises(CommandError) as refused:
        call_command("jobs", *arguments)
    return refused.value.returncode, str(refused.value)


def test_a_job_is_found_by_id_prefix_token_and_scheduler_id(capsys):
    job, attempt = make_job("SUBMITTING", backend_job_id="4711")
    make_job()
    for which in (str(job.pk), str(job.pk)[:8], attempt.token, "4711"):
        assert json.loads(say(capsys, "show", which, "--json"))["job"]["id"] == str(job.pk)
    assert refusal("show", "nothing-like-it")[0] == 1


def test_the_list_is_filtered_and_says_when_nothing_matches(capsys):
    study = make_study()
    job, _ = make_job(name="of a study")
    job.study = study
    job.save()
    make_job("SUBMITTING", name="another")
    assert [row["name"] for row in json.loads(say(capsys, "list", "--study", study.accession, "--json"))] == [
        "of a study"
    ]
    assert "another" in say(capsys, "list", "--state", "submitting")
    assert "of a study" not in say(capsys, "list", "--state", "submitting")
    assert say(capsys, "list", "--since", "1h").splitlines()[0].split()[:3] == ["id", "state", "class"]
    assert refusal("list", "--class", "OOM")[0] == 1


def test_a_job_that_no_scheduler_knows_is_cancelled_at_once(capsys):
    job, _ = make_job()
    assert "cancelled" in say(capsys, "cancel", str(job.pk), "--reason", "a test")
    code, why = refusal("cancel", str(job.pk), "--reason", "again")
    assert code == 2
    assert "final" in why
    events = say(capsys, "show", str(job.pk))
    assert "cancel_requested" in events
    assert "a test" in events


def test_a_running_job_is_cancelling_until_the_scheduler_says_so(capsys):
    job, _ = make_job("SUBMITTING", "HELD", "RUNNING", backend_job_id="4711")
    assert "cancelling" in say(capsys, "cancel", "4711", "--reason", "a test")
    (job,) = find_jobs(str(job.pk))
    assert "until the scheduler" in what_next(job)


def test_an_open_job_shows_its_attempts_word():
    words = {}
    for path in ((), ("SUBMITTING",), ("SUBMITTING", "HELD"), ("SUBMITTING", "HELD", "RUNNING")):
        job, _ = make_job(*path, backend_job_id=str(len(path)))
        words[path[-1] if path else "INTENDED"] = word_of(job)
    assert words == {"INTENDED": "waiting", "SUBMITTING": "submitting", "HELD": "queued", "RUNNING": "running"}


def test_reasons_are_told_in_words():
    assert reason_in_words("AssocGrpCpuLimit") == "a limit of our account or QOS (AssocGrpCpuLimit)"
    assert reason_in_words("LocalMemory") == "room on this machine (LocalMemory)"
    assert reason_in_words("SomethingNew") == "SomethingNew"


def test_the_list_takes_the_same_number_of_queries_for_one_and_three(django_assert_num_queries):
    for rows in (1, 3):
        while len(list_jobs()) < rows:
            make_job()
        with django_assert_num_queries(2):
            [word_of(job) for job in list_jobs(since=timezone.now() - timezone.timedelta(days=1))]


def ended_job(**spec):
    """A failed one whose command is in its row."""
    request = JobRequest("count reads", "COMMAND", "/tmp", 64, 60, **{"argv": ["true"]} | spec)
    job, _ = record_intent(request=request, policy=POLICIES["ResubmitIfFailedPolicy"], actor="test")
    cancel_intended(attempt=job.attempts.get(), actor="test")
    return job


def test_an_ended_job_is_done_again_with_more_memory(capsys):
    job = ended_job(environment={"LC_ALL": "C"})
    say(capsys, "retry", str(job.pk), "--memory", "128")
    again = ClusterJob.objects.exclude(pk=job.pk).get()
    assert (again.logical_key, again.spec, again.name) == (job.logical_key, job.spec, job.name)
    asked = again.attempts.values_list("state", "memory_mib", "time_limit_seconds").get()
    assert asked == ("INTENDED", 128, 60)
    code, why = refusal("retry", str(job.pk))
    assert code == 2
    assert str(again.pk) in why
    assert refusal("retry", str(again.pk))[0] == 2
    assert ClusterJob.objects.count() == 2


def test_a_round_of_a_batch_is_left_to_its_flow():
    call = dict.fromkeys(("project_dir", "main", "params_file", "work_dir", "launch_dir", "session_id"), "/x")
    job = ended_job()
    ClusterJob.objects.filter(pk=job.pk).update(spec={"nextflow": call | {"batch_id": "b"}}, kind="NEXTFLOW")
    assert "retry the flow run" in refusal("retry", str(job.pk))[1]


def test_too_little_memory_is_refused():
    assert "memory_mib: 0 is less than 1" in refusal("retry", str(ended_job().pk), "--memory", "0")[1]
