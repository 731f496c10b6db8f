from workflows.cluster.reconciler import run_pass
from workflows.models import Attention, ClusterJob
from workflows.tests.cluster import is_final, let_time_pass, run_passes_until


def test_somebody_is_told_until_a_pass_is_good_again(cluster):
    poisoned, good = cluster.intend("true 1"), cluster.intend("true 2")
    spec = poisoned.spec
    ClusterJob.objects.filter(pk=poisoned.pk).update(spec={})
    let_time_pass()
    run_passes_until(is_final(good))
    told = Attention.objects.get()
    assert (told.code, told.subject_id) == ("pass_failed", cluster.backend_name)
    assert poisoned.attempts.get().token in told.text
    let_time_pass()
    ClusterJob.objects.filter(pk=poisoned.pk).update(spec=spec)
    run_pass()
    told.refresh_from_db()
    assert told.cleared_at is not None
    run_passes_until(is_final(poisoned))
