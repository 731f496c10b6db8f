"""S8: a question outlives sleeps, is answered in dashboard or admin, and the first answer stands."""

import pytest
from django.utils import timezone
from prefect.flow_runs import resume_flow_run

from workflows.prefect_utils.ask import _find_or_ask

from workflows.models import Decision
from workflows.services.decisions import AlreadyAnswered, AnswerRefused, answer_decision
from workflows.tests.bodies.sleepers import Options
from workflows.tests.flows_by_hand import ask, prefect_state, state_of, words

pytestmark = pytest.mark.prefect


def asked(run):
    return Decision.objects.filter(subject=run.parameters["name"]).first()


def is_paused(run, asks):
    question = asked(run)
    return question is not None and question.asks == asks and prefect_state(run.prefect_id).is_paused()


def test_dashboard_and_admin(deployed_flows, duties, tmp_path):
    by_form, by_admin = (ask("asker_deployment", name=name, ledger=str(tmp_path / name)) for name in ("form", "admin"))
    duties(lambda: state_of(by_form) == state_of(by_admin) == "suspended")
    duties(lambda: is_paused(by_form, 1) and is_paused(by_admin, 1))

    with pytest.raises(RuntimeError, match="minimum"):
        resume_flow_run(by_form.prefect_id, run_input={"samples_limit": 0})
    resume_flow_run(by_form.prefect_id, run_input={"samples_limit": 3, "colour": "blue"})
    resume_flow_run(by_admin.prefect_id)  # nothing is required, so Prefect takes it; it is no answer

    duties(lambda: state_of(by_form) == "completed" and is_paused(by_admin, 2))
    assert words(tmp_path / "form") == {"entered": 2, "answer:3:blue": 1}
    assert (asked(by_form).via, asked(by_form).answer) == ("dashboard", {"samples_limit": 3, "colour": "blue"})
    assert "without an answer" in asked(by_admin).refused

    question = asked(by_admin)
    with pytest.raises(AnswerRefused) as refused:
        answer_decision(decision_id=question.pk, answer={"samples_limit": 0, "color": 1}, actor="user:a", via="admin")
    assert len(refused.value.errors) == 2
    answer_decision(decision_id=question.pk, answer={"samples_limit": 5}, actor="user:a", via="admin")
    with pytest.raises(AlreadyAnswered, match="user:a"):
        answer_decision(decision_id=question.pk, answer={"samples_limit": 6}, actor="user:b", via="api")
    duties(lambda: state_of(by_admin) == "completed")
    assert words(tmp_path / "admin") == {"entered": 3, "answer:5:red": 1}

    again = ask("asker_deployment", name="admin", ledger=str(tmp_path / "again"))
    duties(lambda: state_of(again) == "completed")
    assert words(tmp_path / "again") == {"entered": 1, "answer:5:red": 1}
    assert Decision.objects.count() == 2


def test_an_answer_that_the_form_takes_no_more_is_asked_for_again(transactional_db):
    known = {"question": "options", "subject": "s", "form": {}, "answered_at": timezone.now()}
    Decision.objects.create(**known, answer={"samples_limit": 0})
    wanted = Decision(question="options", subject="s", form={})
    new = _find_or_ask(wanted, Options, ask_again=False)
    assert (new.generation, new.answer) == (2, None)
    Decision.objects.filter(pk=new.pk).update(answer={"samples_limit": 1}, answered_at=timezone.now())
    assert _find_or_ask(wanted, Options, ask_again=False) == new
