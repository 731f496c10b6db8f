import random

import pytest

from ena import questions
from ena.query import equals, render
from ena.tests.test_standin_grammar_means_what_it_says import random_row, random_tree

pytestmark = pytest.mark.django_db
STUDY = "PRJEB99910000"


def test_a_query_means_what_it_says(standin):
    """Random trees over random rows: written out, sent, parsed and answered they select what they say."""
    chance = random.Random(1)
    rows = [row for row in standin.server.dataset.tables["read_run"] if row["study_accession"] == STUDY]
    for row in rows:
        row.update(random_row(chance), study_accession=STUDY)
    found_any = 0
    for _ in range(25):
        tree, holds = random_tree(chance, depth=3)
        query = render(equals("study_accession", STUDY) & tree)
        with questions.search(result="read_run", query=query, fields=["run_accession"], portal="ena") as answer:
            found = {row["run_accession"] for row in answer}
        assert found == {row["run_accession"] for row in rows if holds(row)}, query
        found_any += 0 < len(found) < len(rows)
    assert found_any > 10
