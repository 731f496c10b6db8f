"""A run that ends Failed carries the reason in its row, and the same study asked for again goes on."""

from types import SimpleNamespace

import pytest
from django.db import connection
from prefect.deployments import run_deployment

from analyses.models import Study
from ena.standin.testing import running_standin
from workflows.models import Decision, FlowRun
from workflows.tests.flows_by_hand import ask, end_job, state_of

pytestmark = pytest.mark.prefect
ENTRY = {"file": "workflows/flows/realistic_example.py", "function": "realistic_example"}
STUDY = "PRJEB99900001"


@pytest.fixture
def download(deployed_flows, duties):
    """``start(accession)`` asks Prefect for the flow; its process asks the stand-in once a question."""
    from workflows.prefect_utils.deploy import deploy_flow

    with running_standin(password="of-this-test-run") as standin:
        name = deploy_flow(**ENTRY)
        environment = {
            "EMG_ENA__STANDIN_URL": standin.url,
            "EMG_ENA__MAX_ATTEMPTS": "1",
            "EMG_WEBIN__DCC_PASSWORD": "of-this-test-run",
            "EMG_DATABASE__NAME": connection.settings_dict["NAME"],
        }

        def start(accession):
            variables = {"env": environment}
            asked = {"parameters": {"accession": accession}, "timeout": 0, "as_subflow": False}
            return run_deployment(name, job_variables=variables, **asked).id

        yield SimpleNamespace(standin=standin, start=start)


def ended(prefect_id):
    return FlowRun.objects.filter(prefect_id=prefect_id, ended_at__isnull=False).first()


def test_a_bad_accession_and_an_ena_that_is_away(download, duties):
    download.standin.set_faults([{"match": {"path": "/search"}, "action": "status", "status": 503}])
    malformed, away = download.start("nonsense"), download.start(STUDY)
    duties(lambda: ended(malformed) and ended(away))
    told = "BadAccession: accession: 'nonsense' is not an accession. Expected a study such as PRJEB51728 or ERP136383"
    assert (ended(malformed).state, ended(malformed).error) == ("failed", told)
    assert ended(away).state == "failed"
    assert ended(away).error.startswith(f"StudyNotAvailable: ENA did not answer when asked for {STUDY}")
    assert "503" in ended(away).error
    assert not Study.objects.exists()
    download.standin.set_faults([])
    download.start(STUDY)
    duties(lambda: Decision.objects.filter(question="sample_limit").exists())
    assert Study.objects.get().samples.count() == 3


def test_work_that_failed_is_told_although_the_run_is_completed(deployed_flows, duties, tmp_path):
    run = ask("sleeper_deployment", name="a-failing-job", ledger=str(tmp_path / "ledger"))
    duties(lambda: state_of(run) == "suspended")
    end_job("a-failing-job", "FAILED", "EXIT")
    duties(lambda: state_of(run) == "completed")
    assert run.error == "a-failing-job is FAILED"
