from workflows.cluster.states import LostRace, transition
from workflows.models import ClusterJob, ClusterJobAttempt
from workflows.tests.cluster import fold, is_final, let_time_pass, race, run_passes_until


def test_of_jobs_that_succeed_fail_and_are_tried_again(cluster):
    good, bad = cluster.start("true"), cluster.start("exit 4")
    run_passes_until(is_final(good, bad))
    rows = [*ClusterJob.objects.all(), *ClusterJobAttempt.objects.all()]
    assert {row.state: fold(row.events) for row in rows} == {"SUCCEEDED": "SUCCEEDED", "FAILED": "FAILED"}
    bad.refresh_from_db()
    assert (bad.outcome_class, bad.attempts.get().exit_code) == ("EXIT", 4)
    for row in rows:
        moves = [(event.from_state, event.to_state) for event in row.events.order_by("id") if event.to_state]
        assert [before for before, _ in moves[1:]] == [to for _, to in moves[:-1]], (
            "each event starts where the last ended"
        )


def test_a_race_leaves_one_winner_and_one_event(cluster):
    attempt = cluster.intend().attempts.get()

    def move(_number):
        row = ClusterJobAttempt.objects.get(pk=attempt.pk)
        row.state = "INTENDED"
        transition(row=row, to="SUBMITTING", actor="test", kind="raced")

    assert race(move, callers=6, losers=(LostRace,)) == 5
    assert attempt.events.filter(kind="raced").count() == 1


def test_an_infrastructure_failure_is_tried_again_under_a_new_token(cluster):
    job = cluster.start("sleep 60")
    first = job.attempts.get()
    run_passes_until(lambda: job.attempts.get().state == "RUNNING")
    cluster.break_down(first)
    run_passes_until(lambda: job.attempts.count() == 2)
    second = job.attempts.get(number=2)
    assert second.token != first.token
    assert second.not_before is not None
    assert job.attempts.get(number=1).outcome_class == "INFRASTRUCTURE"
    let_time_pass()
    run_passes_until(lambda: job.attempts.get(number=2).state == "RUNNING")
    job.refresh_from_db()
    assert job.state == "OPEN"
