from itertools import product

import pytest

from ena.verdicts import Evidence, Finding, decide

FOUND, NONE, UNKNOWN, NOT_ASKED, NO_HUB = Finding
EMPTY = {"search": NONE, "by_records": NONE}


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [
        ({"search": FOUND}, "public"),
        ({"search": NONE, "by_records": FOUND}, "public"),
        (EMPTY | {"hub": FOUND}, "private"),
        (EMPTY | {"hub": NONE, "browser": "none", "control": FOUND}, "absent"),
        (EMPTY | {"hub": NONE, "browser": "suppressed", "control": FOUND}, "absent"),
        (EMPTY | {"hub": NONE, "browser": "killed", "control": FOUND}, "absent"),
        (EMPTY | {"hub": NONE, "browser": "public", "control": FOUND}, "unknown"),
        (EMPTY | {"hub": NO_HUB, "browser": "none", "control": FOUND}, "unknown"),
        (EMPTY | {"hub": NO_HUB, "browser": "killed", "control": FOUND}, "absent"),
        (EMPTY | {"hub": NONE, "browser": "none", "control": NONE}, "unknown"),
        (EMPTY | {"hub": NONE, "browser": "none", "control": UNKNOWN}, "unknown"),
        ({"search": UNKNOWN}, "unknown"),
    ],
)
def test_every_row_of_the_verdict_table(evidence, verdict):
    assert decide(Evidence(**evidence)) == verdict


def test_a_question_that_failed_or_was_not_asked_never_makes_an_absence():
    for search, by_records, hub, control in product(Finding, repeat=4):
        for browser in ("none", "suppressed", "unknown", "not asked"):
            if decide(Evidence(search, by_records, hub, browser, control)) == "absent":
                assert (search, by_records, control) == (NONE, NONE, FOUND)
                assert hub in (NONE, NO_HUB)
                assert browser in ("none", "suppressed")
