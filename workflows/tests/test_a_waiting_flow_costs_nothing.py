"""S2: flows that wait hold no process, and one goes on when its job is over."""

import pytest

from workflows.tests.flows_by_hand import ask, end_job, engines, prefect_state, state_of, words

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]


def test_ten_waiting_flows_hold_no_process(deployed_flows, duties, tmp_path):
    ledger = tmp_path / "ledger"
    runs = [ask("sleeper_deployment", name=f"s{number}", ledger=str(ledger)) for number in range(10)]
    duties(lambda: all(state_of(run) == "suspended" for run in runs), seconds=120)
    duties(lambda: all(prefect_state(run.prefect_id).is_paused() for run in runs))
    duties(lambda: engines() == 0, seconds=10)
    assert words(ledger) == {"entered": 10, "waits": 10}

    end_job("s7")
    duties(lambda: state_of(runs[7]) == "completed")
    assert words(ledger) == {"entered": 11, "waits": 11, "done:SUCCEEDED": 1}
