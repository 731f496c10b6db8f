from concurrent.futures import ThreadPoolExecutor
from functools import reduce

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connections
from django.test import Client
from django.utils import timezone

from analyses.models import ApiToken
from emgapiv2.tests.operations import PREFIX
from workflows.models import Decision, FlowRun, WorkEvent

RUNS, DECISIONS = f"{PREFIX}/flow-runs/", f"{PREFIX}/decisions/"
BODY = {
    "deployment": "analyse_study_deployment",
    "parameters": {"study_accession": "PRJEB99900001", "pipeline": "mini_amplicon"},
    "note": "for the paper",
}
FORM = {"type": "object", "properties": {"limit": {"type": "integer"}}, "required": ["limit", "biome"]}


def launch(client, body=BODY, key="one", **headers):
    headers |= {"Idempotency-Key": key} if key is not None else {}
    return client.post(RUNS, body, "application/json", headers=headers)


@pytest.mark.django_db
class TestWhoMay:
    def test_only_tokens_with_the_scope(self, client, bearer):
        assert launch(client).status_code == 401
        assert launch(bearer(text="mgn_" + "b" * 43)).status_code == 401
        assert launch(bearer("read")).status_code == 403
        assert FlowRun.objects.count() == 0
        assert launch(bearer("launch")).status_code == 202
        for url in (RUNS, DECISIONS, f"{PREFIX}/deployments/"):
            assert [who.get(url).status_code for who in (client, bearer("read"), bearer("launch"))] == [401, 403, 200]

    def test_a_token_gives_no_right_that_its_holder_has_not(self, bearer):
        staff = get_user_model().objects.create_user("reader", is_staff=True)
        assert launch(bearer("launch", user=staff)).status_code == 403
        staff.user_permissions.add(Permission.objects.get(codename="add_flowrun"))
        assert launch(bearer("launch", user=staff)).status_code == 202

    def test_a_token_ends_with_its_time_its_revocation_and_its_holder(self, bearer):
        client = bearer("launch")
        tokens = ApiToken.objects.all()
        assert client.get(RUNS).status_code == 200
        for end in ({"expires_at": timezone.now()}, {"revoked_at": timezone.now()}):
            before = tokens.values(*end).get()
            tokens.update(**end)
            assert client.get(RUNS).status_code == 401
            tokens.update(**before)
        get_user_model().objects.update(is_active=False)
        assert client.get(RUNS).status_code == 401

    def test_sessions_of_staff_need_the_csrf_token(self, signed_in):
        assert signed_in.get(RUNS).status_code == 200
        assert launch(signed_in).status_code == 403
        signed_in.get("/admin/password_change/")
        csrf = {"X-CSRFToken": signed_in.cookies["csrftoken"].value}
        assert launch(signed_in, **csrf).status_code == 202
        bad = {"Authorization": "Bearer stale"}
        assert launch(signed_in, **csrf, **bad).status_code == 401, "a bearer token wins over a session"

    def test_somebody_signed_in_who_is_not_staff_is_refused(self):
        client = Client()
        client.force_login(get_user_model().objects.create_user("reader"))
        assert launch(client).status_code == 403


@pytest.mark.django_db
class TestLaunching:
    def test_a_request_is_a_row_with_an_event_and_an_address(self, bearer):
        client = bearer("launch")
        answer = launch(client)
        run = answer.json()
        assert (run["state"], run["requested_by"], run["because"]) == ("requested", "staff:operator", "for the paper")
        assert run["parameters"] == BODY["parameters"] | {"retry_failed": False, "ask_again": False}
        assert [event["to_state"] for event in run["events"]] == ["requested"]
        assert client.get(answer["Location"]).json() == run
        listed = client.get(RUNS, {"state": "requested"}).json()["items"]
        assert [one["id"] for one in listed] == [run["id"]]
        assert client.get(RUNS, {"state": "failed"}).json()["count"] == 0

    def test_the_same_key_with_the_same_body_is_the_same_run(self, bearer):
        client = bearer("launch")
        first, again = launch(client), launch(client)
        assert (again.status_code, again.json()) == (202, first.json())
        assert FlowRun.objects.count() == 1
        run = FlowRun.objects.get()
        assert WorkEvent.objects.filter(flow_run=run).count() == 1

    @pytest.mark.parametrize(
        "change", [{"note": "other"}, {"parameters": {**BODY["parameters"], "retry_failed": True}}]
    )
    def test_the_same_key_with_another_body_is_refused(self, bearer, change):
        client = bearer("launch")
        launch(client)
        answer = launch(client, BODY | change)
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"] == ["header", "Idempotency-Key"]

    def test_keys_belong_to_their_caller(self, bearer):
        launch(bearer("launch"))
        other = get_user_model().objects.create_user("o" * 150, is_staff=True, is_superuser=True)
        body = BODY | {"parameters": {"study_accession": "PRJEB99900002", "pipeline": "mini_amplicon"}}
        assert launch(bearer("launch", user=other), body).status_code == 202

    def test_a_subject_that_is_being_worked_on_is_a_conflict(self, bearer):
        client = bearer("launch")
        run = launch(client).json()
        answer = launch(client, key="two")
        assert answer.status_code == 409
        assert run["id"] in answer.json()["detail"]

    @pytest.mark.parametrize("key", [None, "", "k" * 256, "tab\there", "ü"])
    def test_a_key_is_required_and_printable(self, bearer, key):
        assert launch(bearer("launch"), key=key).status_code == 422
        assert launch(bearer("launch"), key="~" * 255).status_code == 202

    @pytest.mark.parametrize(
        ("parameters", "field"),
        [
            ({"study_accession": "PRJEB99900001"}, "pipeline"),
            (BODY["parameters"] | {"command": "rm"}, "command"),
            (BODY["parameters"] | {"study_accession": 7}, "study_accession"),
            (BODY["parameters"] | {"study_accession": "\0"}, "parameters"),
            ({"deep": reduce(lambda inner, _: [inner], range(300), [])}, "parameters"),
        ],
    )
    def test_wrong_parameters_are_named(self, bearer, parameters, field):
        answer = launch(bearer("launch"), BODY | {"parameters": parameters})
        assert answer.status_code == 422
        assert [fault["loc"][-1] for fault in answer.json()["detail"]] == [field]
        assert FlowRun.objects.count() == 0

    @pytest.mark.parametrize("name", ["rm_deployment", "move_data_deployment"])
    def test_only_what_is_offered_can_be_started(self, bearer, name):
        client = bearer("launch")
        assert name not in [one["name"] for one in client.get(f"{PREFIX}/deployments/").json()]
        body = {"deployment": name, "parameters": {"source": "/etc", "target": "/tmp/x"}}
        answer = launch(client, body)
        assert answer.status_code == 404
        assert "analyse_study_deployment" in answer.json()["detail"]

    def test_a_run_is_cancelled_once(self, bearer):
        client = bearer("launch")
        run = launch(client).json()
        cancelled = client.post(f"{RUNS}{run['id']}/cancel")
        assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
        assert client.post(f"{RUNS}{run['id']}/cancel").status_code == 409
        assert client.post(f"{RUNS}{Decision().id}/cancel").status_code == 404
        assert launch(client, key="two").status_code == 202, "the subject is free again"


@pytest.mark.django_db(transaction=True)
def test_twenty_equal_requests_at_once_make_one_run(bearer):
    client = bearer("launch")
    headers = {"Authorization": client.defaults["HTTP_AUTHORIZATION"]}

    def ask(_number):
        try:
            return launch(Client(), **headers)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert FlowRun.objects.count() == 1


@pytest.mark.django_db
class TestAnswering:
    @pytest.fixture
    def question(self, bearer):
        run = FlowRun.objects.get(pk=launch(bearer("launch")).json()["id"])
        return Decision.objects.create(question="settings", subject="PRJEB99900001", form=FORM, flow_run=run)

    def answer(self, client, question, answer):
        return client.post(f"{DECISIONS}{question.id}/answer", {"answer": answer}, "application/json")

    def test_an_open_question_is_shown_and_answered_once(self, bearer, question):
        client = bearer("launch")
        run = client.get(f"{RUNS}{question.flow_run_id}").json()
        assert [(one["id"], one["form"]) for one in run["questions"]] == [(str(question.id), FORM)]
        assert client.get(DECISIONS, {"answered": "false"}).json()["count"] == 1
        done = self.answer(client, question, {"limit": 3, "biome": "root"})
        assert done.status_code == 200
        assert (done.json()["answered_by"], done.json()["via"]) == ("staff:operator", "api")
        assert client.get(DECISIONS, {"answered": "false"}).json()["count"] == 0
        late = self.answer(client, question, {"limit": 4, "biome": "root"})
        assert late.status_code == 409
        question.refresh_from_db()
        assert question.answer == {"limit": 3, "biome": "root"}

    def test_every_wrong_field_is_named(self, bearer, question):
        refused = self.answer(bearer("launch"), question, {"limit": "many"})
        assert refused.status_code == 422
        assert "limit" in refused.json()["detail"][1]["loc"]
        assert len(refused.json()["detail"]) == 2
        assert self.answer(bearer("launch"), question, {"limit": 1, "biome": "\0"}).status_code == 422
        question.refresh_from_db()
        assert question.answer is None

    def test_only_launchers_answer_and_only_what_was_asked(self, client, bearer, question):
        answer = {"limit": 3, "biome": "root"}
        assert self.answer(client, question, answer).status_code == 401
        assert self.answer(bearer("read"), question, answer).status_code == 403
        assert self.answer(bearer("launch"), Decision(), answer).status_code == 404
