import pytest
from django.contrib.auth.models import Permission, User

from analyses.tests.factories import make_biome, make_run, make_study
from emgapiv2.tests.admin_buttons import operator, post, url_of
from emgapiv2.tests.admin_rows import make_flow_run, make_head, make_question
from ena.models import VisibilityEvent
from workflows.cluster.cancellation import cancel_intended
from workflows.cluster.directories import write_attempt_directory
from workflows.cluster.policies import POLICIES
from workflows.cluster.requests import JobRequest, record_intent
from workflows.models import Attention, ClusterJob, FlowRun, WorkEvent
from workflows.services.attention import raise_attention
from workflows.tests.conftest import make_cluster

__all__ = ["operator"]
pytestmark = pytest.mark.django_db


def make_job_that_failed():
    request = JobRequest("count reads", "COMMAND", "/tmp", 64, 60, argv=["true"])
    job = record_intent(request=request, policy=POLICIES["ResubmitIfFailedPolicy"], actor="test").job
    cancel_intended(attempt=job.attempts.get(), actor="test")
    return job


def test_a_job_is_cancelled_with_a_reason(operator):
    client, job = operator("view_clusterjob", "change_clusterjob"), make_head()
    assert "Cancel" in client.get(url_of(job, "change")).text
    assert post(client, url_of(job, "cancel")).status_code == 200  # no reason: the dialog again
    job.refresh_from_db()
    assert job.state == "OPEN"
    assert post(client, url_of(job, "cancel"), reason="wrong study").status_code == 302
    job.refresh_from_db()
    assert (job.state, job.cancel_requested_by, job.cancel_reason) == ("CANCELLED", "staff:anna", "wrong study")
    assert WorkEvent.objects.get(job=job, kind="cancel_requested").actor == "staff:anna"
    assert "Cancel the job" not in client.get(url_of(job, "change")).text


def test_a_look_or_a_foreign_page_cancels_nothing(operator):
    client, job = operator("view_clusterjob", "change_clusterjob"), make_head()
    client.get(url_of(job, "cancel"), {"reason": "a link", "_form_submitted": "True"})
    assert client.post(url_of(job, "cancel"), {"reason": "forged", "_form_submitted": "True"}).status_code == 403
    job.refresh_from_db()
    assert job.cancel_requested_at is None


def test_an_ended_job_is_done_again(operator):
    client, job = operator("view_clusterjob", "change_clusterjob"), make_job_that_failed()
    page = client.get(url_of(job, "change")).text
    assert (url_of(job, "retry") in page, url_of(job, "cancel") in page) == (True, False)
    answer = post(client, url_of(job, "retry"), memory_mib="128", minutes="")
    again = ClusterJob.objects.exclude(pk=job.pk).get()
    assert answer.url == url_of(again, "change")
    assert (again.logical_key, again.attempts.get().memory_mib) == (job.logical_key, 128)
    assert again.events.get(kind="job_intended").actor == "staff:anna"
    assert url_of(again, "retry") not in client.get(url_of(again, "change")).text
    post(client, url_of(job, "retry"), memory_mib="", minutes="")
    assert "under way" in client.get(url_of(job, "change")).text
    assert ClusterJob.objects.count() == 2


def test_a_stray_is_adopted_by_who_may_act_on_jobs(operator, settings, tmp_path):
    make_cluster("local", settings, tmp_path)
    job = make_job_that_failed()
    attempt = job.attempts.get()
    write_attempt_directory(attempt)
    job.delete()
    raise_attention(code="unknown_job", subject_kind="scheduler_job", subject_id=f"{attempt.token} 7", text="7")
    told, client = Attention.objects.get(), operator("view_attention", "change_attention", "view_clusterjob")
    assert url_of(told, "adopt") not in client.get(url_of(told, "change")).text
    assert post(client, url_of(told, "adopt")).status_code == 403
    User.objects.get().user_permissions.add(Permission.objects.get(codename="change_clusterjob"))
    assert url_of(told, "adopt") in client.get(url_of(told, "change")).text
    post(client, url_of(told, "adopt"))
    again = ClusterJob.objects.get()
    assert again.attempts.get().token == attempt.token
    assert again.events.get(kind="job_adopted").actor == "staff:anna"
    told.refresh_from_db()
    assert told.cleared_at


@pytest.mark.parametrize("made_up", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_row_that_is_not_there_is_not_found(operator, made_up):
    client, run = operator("view_flowrun", "change_flowrun"), make_flow_run()
    url = url_of(run, "cancel").replace(str(run.pk), made_up)
    assert post(client, url, reason="none").status_code == 404
    assert client.get(url.replace("/cancel/", "/change/")).status_code == 302


def test_a_flow_run_is_cancelled(operator):
    client, run = operator("view_flowrun", "change_flowrun"), make_flow_run()
    post(client, url_of(run, "cancel"), reason="not now")
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert run.events.get(to_state="cancelled").actor == "staff:anna"


def test_an_ended_flow_run_is_started_again_once(operator):
    study = make_study()
    run = make_flow_run(study)
    parameters = {"study_accession": study.accession, "pipeline": "mini_amplicon"}
    FlowRun.objects.filter(pk=run.pk).update(parameters=parameters)
    client = operator("view_flowrun", "add_flowrun", "change_flowrun")
    post(client, url_of(run, "again"))
    assert FlowRun.objects.count() == 1, "it is not over"
    assert url_of(run, "again") not in client.get(url_of(run, "change")).text
    post(client, url_of(run, "cancel"), reason="not now")
    assert url_of(run, "again") in client.get(url_of(run, "change")).text
    for _ in range(2):
        post(client, url_of(run, "again"))
    new = FlowRun.objects.exclude(pk=run.pk).get()
    assert (new.deployment, new.parameters["pipeline"], new.state) == (run.deployment, "mini_amplicon", "requested")


def test_a_curator_hides_a_row_and_shows_it_again(operator):
    run = make_run(make_study())
    client = operator("view_run", "change_run")
    for level in (2, 0):
        assert post(client, url_of(run, "level"), level=level, reason="asked by the owner").status_code == 302
        run.refresh_from_db()
        assert (run.own_visibility, run.visibility) == (level, level)
    event = VisibilityEvent.objects.order_by("pk").first()
    assert (event.accession, event.actor, event.note) == (run.first_accession, "staff:anna", "asked by the owner")
    study = run.study
    assert post(client, url_of(study, "level"), level=2, reason="x").status_code == 403


@pytest.mark.parametrize(
    ("button", "filled_in", "asked"),
    [
        ("analyse_study", {"pipeline": "mini_amplicon", "retry_failed": "on"}, {"retry_failed": True}),
        ("assemble_study", {"upload": "on"}, {"upload": True, "use_ena_dropbox_dev": False}),
        ("realistic_example", {}, {}),
    ],
)
def test_a_study_s_buttons_ask_for_a_flow_once(operator, settings, button, filled_in, asked):
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"environment": "development"})
    client, study = operator("view_study", "add_flowrun"), make_study()
    first, again = (post(client, url_of(study, button), **filled_in) for _ in range(2))
    run = FlowRun.objects.get()
    assert first.url == again.url == url_of(run, "change")
    assert (run.source, run.requested_by, run.study, run.state) == ("admin", "staff:anna", study, "requested")
    assert (run.deployment, run.parameters | asked) == (f"{button}_deployment", run.parameters)
    assert study.ena_study.accession in run.live_key
    assert run.events.get().kind == "asked"


def test_a_pipeline_that_is_not_here_cannot_be_started(operator):
    client, study = operator("view_study", "add_flowrun"), make_study()
    assert "amplicon_v6" not in client.get(url_of(study, "analyse_study")).text
    assert post(client, url_of(study, "analyse_study"), pipeline="amplicon_v6").status_code == 200
    assert not FlowRun.objects.exists()


def test_who_may_only_look_gets_no_button_and_no_way_in(operator):
    client = operator("view_clusterjob", "view_flowrun", "view_study", "view_decision")
    rows = {
        "cancel": [make_head(), make_flow_run()],
        "again": [make_flow_run()],
        "analyse_study": [make_study()],
        "realistic_example": [make_study()],
    }
    for path, forbidden in rows.items():
        for row in forbidden:
            page = client.get(url_of(row, "change"))
            assert (page.status_code, url_of(row, path) in page.text) == (200, False)
            assert client.get(url_of(row, path)).status_code == 403
    decision = make_question()
    assert 'name="biome"' not in client.get(url_of(decision, "change")).text
    assert client.get(url_of(make_flow_run(), "change").replace("flowrun", "duty")).status_code == 403
    decision.refresh_from_db()
    assert decision.answer is None


def test_a_question_is_answered_in_place(operator):
    client, run = operator("view_decision", "change_decision"), make_flow_run()
    decision = make_question(run, initial={"samples_limit": 7})
    url = url_of(decision, "change")
    assert 'value="7"' in client.get(url).text
    assert post(client, url, biome="root:Engineered", samples_limit="3", webin_owner="").status_code == 302
    decision.refresh_from_db()
    assert decision.answer == {"biome": "root:Engineered", "samples_limit": 3, "strict": False}
    assert (decision.answered_by, decision.via) == ("staff:anna", "admin")
    page = client.get(url)
    assert "Answered: the flow goes on." in page.text
    assert 'name="biome"' not in page.text
    assert client.post(url, {"biome": "root:Environmental"}).status_code == 403
    decision.refresh_from_db()
    assert decision.answer["biome"] == "root:Engineered"


def test_a_wrong_answer_comes_back_with_what_is_wrong_and_what_was_typed(operator):
    client, decision = operator("view_decision", "change_decision"), make_question()
    page = post(client, url_of(decision, "change"), biome="root:Engineered", samples_limit="0", webin_owner="Webin-x")
    assert page.status_code == 200
    assert 'value="Webin-x"' in page.text
    assert set(page.context["adminform"].form.errors) == {"samples_limit", "webin_owner"}
    decision.refresh_from_db()
    assert decision.answer is None


def test_the_schema_is_the_judge_where_no_field_is(operator):
    form = {"type": "object", "properties": {"runs": {"type": "array", "maxItems": 1}}, "required": ["runs"]}
    client, decision = operator("view_decision", "change_decision"), make_question(form=form)
    url = url_of(decision, "change")
    assert "too long" in post(client, url, runs='["ERR1", "ERR2"]').text
    post(client, url, runs='["ERR1"]')
    decision.refresh_from_db()
    assert decision.answer == {"runs": ["ERR1"]}


def test_a_curated_title_and_biome_are_kept(operator):
    client, study = operator("view_study", "change_study", "view_biome"), make_study()
    biome = make_biome("root:Engineered")
    post(client, url_of(study, "change"), title="Seen by a curator", biome=biome.pk, own_visibility=2)
    study.refresh_from_db()
    kept = (study.title, study.title_is_curated, study.biome, study.own_visibility)
    assert kept == ("Seen by a curator", True, biome, 0)
    post(client, url_of(study, "change"), title="", biome=biome.pk)
    study.refresh_from_db()
    assert (study.title, study.title_is_curated) == (study.ena_study.title, False)
    assert "choose another" in post(client, url_of(study, "change"), title="", biome="").text
