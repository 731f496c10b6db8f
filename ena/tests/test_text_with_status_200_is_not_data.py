from io import BytesIO

import pytest

from ena import questions
from ena.answers import Answer, check_rows
from ena.errors import ForeignAnswer, IncompleteAnswer

QUESTION = {
    "result": "study",
    "query": 'study_accession="PRJEB99900001"',
    "fields": ["study_accession"],
    "portal": "ena",
}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", "<html><body>Service under maintenance</body></html>"),
        ("application/json", '{"message": "An error has occurred"}'),
        ("text/plain", "study_alias\nPRJEB99900001\n"),
        ("text/plain", "Query failed"),
    ],
)
def test_text_with_status_200_is_not_data(db, fail, configure, content_type, body):
    configure(ena={"max_attempts": 1})
    fail("/search", action="status", status=200, content_type=content_type, body=body)
    with pytest.raises(ForeignAnswer, match="result=study"):
        questions.search(**QUESTION)


@pytest.mark.parametrize("body", ["study_accession\nPRJEB99900001", "study_accession\n", ""])
def test_an_answer_that_stops_early_is_incomplete(db, fail, configure, body):
    configure(ena={"max_attempts": 1})
    fail("/search", action="status", status=200, content_type="text/plain", body=body)
    with pytest.raises((IncompleteAnswer, ForeignAnswer)):
        questions.search(**QUESTION)


def test_a_cut_list_of_columns_is_not_taken_for_all_that_there_are(db, fail, configure):
    configure(ena={"max_attempts": 1})
    fail("/returnFields", action="truncate", keep_lines=5, content_length="matching")
    with pytest.raises(IncompleteAnswer, match="not closed after"):
        questions.return_fields(result="read_run", portal="ena")


@pytest.mark.parametrize(
    "script", ["html_with_200", "message_with_200", "empty_list", "wrong_count", "connection_reset"]
)
def test_a_passing_fault_is_asked_again(db, standin, configure, script):
    configure(ena={"max_attempts": 3})
    standin.use_fault_script(script)
    with questions.search(**QUESTION) as answer:
        assert list(answer) == [{"study_accession": "PRJEB99900001"}]


def test_an_odd_cell_costs_nobody_the_answer():
    body = BytesIO(
        b'[\n{"a": 5, "b": "tab\there", "c": null},\n{"a": "half \\ud83d", "b": "\xff", "c": ["x"]},\n'
        b'{"a": "nu\\u0000l", "b": "\\\\u0000", "c": 0}\n]\n'
    )
    assert check_rows(body, ["a", "b", "c"]) == 3
    told = [
        {"a": "5", "b": "tab\there"},
        {"a": "half ?", "b": "\ufffd", "c": '["x"]'},
        {"a": "nul", "b": "\\u0000", "c": "0"},
    ]
    assert list(Answer(("a", "b", "c"), 3, body)) == told


def test_a_title_is_no_error(standin, db):
    standin.server.dataset.find("PRJEB99900001")[1]["study_title"] = "Unknown search field of a mountain"
    with questions.search(**QUESTION | {"fields": ["study_accession", "study_title"]}) as answer:
        assert answer.rows == 1
