from datetime import date

import pytest

from ena import query as q
from ena.records import ResultType, shipped_fields

STUDY = q.equals("study_accession", "PRJEB1") | q.equals("secondary_study_accession", "ERP000001")


@pytest.mark.parametrize("value", ['a" OR tax_eq(1)', "a\\", "a\nb", "PRJEB*", "a\x00"])
def test_a_quote_cannot_leave_its_value(value):
    with pytest.raises(q.UnquotableValue):
        q.equals("study_accession", value)


def test_not_is_rendered_at_every_level():
    clause = q.equals("library_strategy", "OTHER")
    assert q.render(~clause) == 'NOT (library_strategy="OTHER")'
    assert q.render(~STUDY) == 'NOT ((study_accession="PRJEB1") OR (secondary_study_accession="ERP000001"))'
    assert q.render(~(clause & ~clause)) == 'NOT ((library_strategy="OTHER") AND (NOT (library_strategy="OTHER")))'
    assert ~~clause == clause


def test_a_tree_is_rendered_with_the_parentheses_of_every_node():
    tree = STUDY & ~q.equals("library_strategy", "OTHER") & q.on_or_after("last_updated", date(2024, 1, 1))
    assert q.render(tree) == (
        '((study_accession="PRJEB1") OR (secondary_study_accession="ERP000001")) '
        'AND (NOT (library_strategy="OTHER")) AND (last_updated>=2024-01-01)'
    )
    assert (
        q.render(q.on_day("first_public", date(2024, 2, 29))) == "first_public>=2024-02-29 AND first_public<=2024-03-01"
    )


def test_every_fault_of_a_tree_is_told_before_a_request():
    tree = q.equals("last_updated", "2024-01-01") & q.equals("no_such", "x") & q.at_least("scientific_name", 3)
    with pytest.raises(q.BadQuery) as refused:
        q.check_query(tree | STUDY, shipped_fields(ResultType.READ_RUN))
    assert all(name in str(refused.value) for name in ("last_updated: is a date", "no_such", "scientific_name"))
