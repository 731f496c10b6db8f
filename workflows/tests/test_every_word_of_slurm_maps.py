import random
import string
from dataclasses import replace
from itertools import product

import pytest

from workflows.cluster.backends.base import Accounting, Sighting
from workflows.cluster.classify import Facts, Verdict, classify, missing_is_lost
from workflows.cluster.job_files import Marker

BASE_STATES = """
    PENDING RUNNING SUSPENDED COMPLETED CANCELLED FAILED TIMEOUT NODE_FAIL PREEMPTED BOOT_FAIL DEADLINE OUT_OF_MEMORY
"""
FLAGS = """
    LAUNCH_FAILED UPDATE_DB REQUEUED REQUEUE_HOLD SPECIAL_EXIT RESIZING CONFIGURING COMPLETING STOPPED RECONFIG_FAIL
    POWER_UP_NODE REVOKED REQUEUE_FED RESV_DEL_HOLD SIGNALING STAGE_OUT EXPEDITING
"""
WORDS = [*BASE_STATES.split(), *FLAGS.split()]
STATES = {"HELD", "QUEUED", "RUNNING", "ENDING", "SUCCEEDED", "FAILED", "CANCELLED"}
CODES = (None, 0, 1, 9, 97, 99, 137)


def sighting(word, reason="None"):
    return Sighting("7", word, reason, 100, "djabcd22222222222222222222")


def accounting(word, code=None, signal=None):
    return Accounting("7", word, "djabcd22222222222222222222", 100, exit_code=code, signal=signal)


def marker(code, why="-"):
    return Marker("7", code, 0, 1_700_000_000, why)


def every_marker():
    return [None, *(marker(code, why) for code, why in product((0, 1, 97, 143), ("-", "term", "time_limit")))]


def all_facts(words):
    for word, told, mark, asked, ending in product(
        words, (None, "COMPLETED", "FAILED", "RUNNING"), every_marker(), (False, True), (None, 1, 1000)
    ):
        for code in CODES if told == "FAILED" else (None,):
            yield Facts(
                sighting=sighting(word),
                accounting=told and accounting(told, code, 9 if code == 9 else 0),
                marker=mark,
                cancel_requested=asked,
                ending_seconds=ending,
            )


def test_every_state_and_flag_has_a_meaning():
    for facts in all_facts(WORDS):
        verdict = classify(facts)
        assert verdict.state in STATES, facts
        assert verdict.attention != "unknown_word"
        assert (verdict.outcome_class is not None) == (verdict.state in ("FAILED", "CANCELLED")), facts


def test_only_a_marker_that_says_zero_makes_success():
    for facts in all_facts(WORDS):
        if classify(facts).state == "SUCCEEDED":
            assert facts.marker is not None
            assert facts.marker.exit_code == 0
            assert facts.sighting.word not in ("FAILED", "OUT_OF_MEMORY")
            assert facts.sighting.word == "COMPLETED" or facts.marker.why == "-"


def test_what_will_never_start_needs_a_person():
    assert classify(Facts(sighting=sighting("PENDING", "BadConstraints"))) == Verdict(
        "QUEUED", word="PENDING", attention="starts_never"
    )
    assert classify(Facts(sighting=sighting("PENDING", "Resources"))).attention == ""


def test_what_waits_for_a_day_needs_a_person_whatever_its_reason():
    waiting = Facts(sighting=sighting("PENDING", "Resources"), released_seconds=86_399)
    assert classify(waiting).attention == ""
    assert classify(replace(waiting, released_seconds=86_401)).attention == "waits_long"
    assert classify(replace(waiting, sighting=sighting("RUNNING"), released_seconds=86_401)).attention == ""


def test_a_word_nobody_knows_ends_nothing():
    dice = random.Random(7)
    junk = ["", "-", "COMPLETE", "Ausgeführt", *("".join(dice.choices(string.printable, k=9)) for _ in range(1000))]
    for word in junk:
        for told in (None, "RUNNING", word):
            verdict = classify(Facts(sighting=sighting(word), accounting=told and accounting(told)))
            assert verdict.state is None
            assert verdict.attention == "unknown_word"
        assert classify(Facts(accounting=accounting(word))).missing


@pytest.mark.parametrize(
    ("facts", "state", "outcome_class", "exit_code"),
    [
        (Facts(sighting("COMPLETED"), marker=marker(0)), "SUCCEEDED", None, 0),
        (Facts(sighting("COMPLETED"), marker=marker(3)), "FAILED", "EXIT", 3),
        (Facts(sighting("COMPLETED")), "ENDING", None, None),
        (Facts(sighting("COMPLETED"), ending_seconds=121), "FAILED", "INFRASTRUCTURE", None),
        (Facts(sighting("FAILED"), marker=marker(137)), "FAILED", "EXIT", 137),
        (Facts(sighting("FAILED"), marker=marker(143, "time_limit")), "FAILED", "TIMEOUT", 143),
        (Facts(sighting("FAILED"), accounting("FAILED", 97, 0)), "FAILED", "INFRASTRUCTURE", 97),
        (Facts(sighting("FAILED"), accounting("FAILED", 99, 0)), "FAILED", "INFRASTRUCTURE", 99),
        (Facts(accounting=accounting("FAILED", 0, 0), ending_seconds=121), "FAILED", "EXIT", 0),
        (Facts(accounting=accounting("FAILED", 0, 9), ending_seconds=121, log="oom-kill event"), "FAILED", "OOM", None),
        (Facts(accounting=accounting("FAILED", 0, 9), ending_seconds=121), "FAILED", "INFRASTRUCTURE", None),
        (Facts(accounting=accounting("OUT_OF_MEMORY"), marker=marker(0)), "FAILED", "OOM", 0),
        (Facts(accounting=accounting("CANCELLED by 1000")), "CANCELLED", "CANCELLED_BY_OTHER", None),
        (Facts(sighting("CANCELLED+"), cancel_requested=True), "CANCELLED", "CANCELLED", None),
        (Facts(sighting("CANCELLED"), marker=marker(0), cancel_requested=True), "SUCCEEDED", None, 0),
        (Facts(sighting("FAILED"), marker=marker(143, "term"), cancel_requested=True), "CANCELLED", "CANCELLED", 143),
        (Facts(sighting("NODE_FAIL"), cancel_requested=True), "CANCELLED", "CANCELLED", None),
        (Facts(sighting("NODE_FAIL"), marker=marker(0)), "SUCCEEDED", None, 0),
        (Facts(sighting("NODE_FAIL"), marker=marker(137)), "FAILED", "INFRASTRUCTURE", 137),
        (Facts(sighting("TIMEOUT"), marker=marker(0)), "SUCCEEDED", None, 0),
        (Facts(sighting("TIMEOUT"), marker=marker(0, "term")), "FAILED", "TIMEOUT", 0),
        (Facts(sighting("PREEMPTED")), "ENDING", None, None),
        (Facts(sighting("PREEMPTED"), accounting("PREEMPTED")), "FAILED", "PREEMPTED", None),
        (Facts(marker=marker(0)), "SUCCEEDED", None, 0),
        (Facts(marker=marker(143, "term")), "FAILED", "INFRASTRUCTURE", 143),
        (Facts(marker=marker(143, "term"), cancel_requested=True), "CANCELLED", "CANCELLED", 143),
        (Facts(sighting("PENDING", "JobHeldUser"), released=False), "HELD", None, None),
        (Facts(sighting("PENDING", "JobHeldUser"), released=True), "QUEUED", None, None),
        (Facts(sighting("PENDING", "Priority"), released=False), "QUEUED", None, None),
    ],
)
def test_the_table(facts, state, outcome_class, exit_code):
    verdict = classify(facts)
    assert (verdict.state, verdict.outcome_class) == (state, outcome_class)
    assert exit_code in (None, verdict.exit_code)


def test_nobody_knowing_a_job_is_not_yet_a_verdict():
    assert classify(Facts()) == Verdict(None, missing=True)
    assert classify(Facts(accounting=accounting("RUNNING"))).missing


def test_lost_needs_passes_and_time_and_silence():
    sure = {"passes": 5, "seconds": 900, "lost_after_seconds": 900, "alive_age_seconds": None}
    assert missing_is_lost(**sure)
    assert not missing_is_lost(**sure | {"passes": 4})
    assert not missing_is_lost(**sure | {"seconds": 899})
    assert not missing_is_lost(**sure | {"alive_age_seconds": 10})
    assert missing_is_lost(**sure | {"alive_age_seconds": 301})
