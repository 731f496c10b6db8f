"""S2, S4: flows that wait hold no process; one goes on when its job is over, one is cancelled with its job."""

import pytest

from workflows.models import ClusterJob
from workflows.services.flow_runs import request_flow_cancel
from workflows.tests.flows_by_hand import ask, end_job, engines, prefect_state, state_of, words

pytestmark = pytest.mark.prefect


def test_five_waiting_flows_hold_no_process(deployed_flows, duties, tmp_path):
    ledger = tmp_path / "ledger"
    runs = [ask("sleeper_deployment", name=f"s{number}", ledger=str(ledger)) for number in range(5)]
    duties(lambda: all(state_of(run) == "suspended" for run in runs), seconds=120)
    duties(lambda: all(prefect_state(run.prefect_id).is_paused() for run in runs))
    duties(lambda: engines() == 0, seconds=10)
    assert words(ledger) == {"entered": 5, "waits": 5}

    end_job("s4")
    request_flow_cancel(flow_run_id=runs[3].pk, actor="user:test")
    duties(lambda: (state_of(runs[4]), state_of(runs[3])) == ("completed", "cancelled"))
    assert words(ledger) == {"entered": 6, "waits": 6, "done:SUCCEEDED": 1}
    assert prefect_state(runs[3].prefect_id).is_cancelled()
    assert dict(ClusterJob.objects.values_list("name", "state").exclude(state="OPEN")) == {
        "s3": "CANCELLED",
        "s4": "SUCCEEDED",
    }
