from analyses.tests.factories import make_study
from workflows.cluster.reconciler import run_pass
from workflows.cluster.submission import submit_job
from workflows.models import ClusterJobAttempt, Duty
from workflows.tests.cluster import is_final, let_time_pass, run_passes_until


def set_limit(settings, jobs):
    config = settings.EMG_CONFIG
    slurm = config.slurm.model_copy(update={"incomplete_job_limit": jobs})
    cluster = config.cluster.model_copy(update={"local_max_jobs": jobs})
    settings.EMG_CONFIG = config.model_copy(update={"slurm": slurm, "cluster": cluster})


def live():
    return ClusterJobAttempt.objects.filter(state__in=["SUBMITTING", "HELD", "QUEUED", "RUNNING", "ENDING"]).count()


def test_what_must_wait_waits_with_its_reason_and_goes_in_order(cluster, settings):
    set_limit(settings, 2)
    jobs = [cluster.intend(f"sleep 1; true {number}", priority=-number) for number in range(4)]
    assert [submit_job(job) for job in jobs] == ["released", "released", "waiting", "waiting"]
    assert jobs[3].attempts.get().reason == "Limit"
    let_time_pass()
    seen = []

    def finished():
        seen.append(live())
        return is_final(*jobs)()

    run_passes_until(finished)
    assert max(seen) == 2
    third, fourth = (job.attempts.get() for job in jobs[2:])
    assert fourth.released_at < third.released_at, "the smaller priority goes first"


def test_a_study_with_many_jobs_starves_no_other(cluster, settings):
    set_limit(settings, 2)
    many, few = make_study(), make_study()
    jobs = [cluster.intend(f"sleep 1; true {number}", study_id=many.pk) for number in range(4)]
    late = cluster.intend("sleep 1", study_id=few.pk)
    let_time_pass()
    run_pass()
    went = ClusterJobAttempt.objects.exclude(state="INTENDED").values_list("job", flat=True)
    assert set(went) == {jobs[0].pk, late.pk}
    run_passes_until(is_final(*jobs, late))


def test_a_study_that_came_later_has_its_turn_where_one_job_goes_at_a_time(cluster, settings):
    set_limit(settings, 2)
    many, few = make_study(), make_study()
    jobs = [cluster.intend(f"sleep {1 + number}; true", study_id=many.pk) for number in range(5)]
    late = cluster.intend("true", study_id=few.pk)
    for job in jobs:
        submit_job(job)
    let_time_pass()
    run_passes_until(is_final(*jobs, late))
    third = sorted(job.attempts.get().released_at for job in jobs)[2]
    assert late.attempts.get().released_at < third


def test_jobs_of_another_installation_are_none_of_our_business(cluster):
    ours = cluster.start("sleep 1")
    seen = cluster.in_scheduler()
    Duty.objects.filter(name="installation").update(state={"installation": "zzzz", "backend": cluster.backend_name})
    assert cluster.in_scheduler() == []
    run_pass()
    Duty.objects.filter(name="installation").update(
        state={"installation": ours.attempts.get().token[2:6], "backend": cluster.backend_name}
    )
    assert [job.job_id for job in cluster.in_scheduler()] == [job.job_id for job in seen]
    run_passes_until(is_final(ours))
