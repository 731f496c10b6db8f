import pytest

from workflows.batches.verdicts import Words, decide, decide_by_tree, words_of
from workflows.models.outcome import OutcomeClass
from workflows.pipelines.amplicon_v6.results import REPORTS
from workflows.pipelines.declaration import Fault, Judgement

PASS, FAIL = REPORTS
FAULTS = [Fault("qc/a", "mandatory", "missing", "at least 1")]
ENDS = ["SUCCEEDED", *OutcomeClass.values]
OTHER_CLASSES = [one for one in OutcomeClass.values if one not in ("EXIT", "REFUSED")]


@pytest.mark.parametrize("end", ENDS)
def test_a_sound_tree_that_passed_is_completed_and_a_failed_one_is_kept_as_said_whatever_the_job(end):
    assert decide(Words(passed="no_asvs"), [], end=end).verdict == "completed"
    ruling = decide(Words(failed="no_reads"), None, end=end)
    assert (ruling.verdict, ruling.reason_code, ruling.word) == ("qc_failed", "no_reads", "no_reads")


@pytest.mark.parametrize(
    ("words", "faults", "end", "verdict", "reason"),
    [
        (Words(passed="no_asvs"), FAULTS, "SUCCEEDED", "check_failed", "outputs_invalid"),
        (Words(passed="no_asvs"), FAULTS, "EXIT", "failed", "pipeline_failed"),
        (Words(), None, "SUCCEEDED", "failed", "missing_in_report"),
        (Words(), None, "EXIT", "failed", "pipeline_failed"),
        (Words(), None, "REFUSED", "skipped", ""),
    ],
)
def test_the_rows_of_the_table(words, faults, end, verdict, reason):
    ruling = decide(words, faults, end=end)
    assert (ruling.verdict, ruling.reason_code) == (verdict, reason)


@pytest.mark.parametrize("end", OTHER_CLASSES)
def test_where_the_job_layer_gave_up_the_member_failed_at_once(end):
    ruling = decide(Words(), None, end=end)
    expected = {"OOM": "out_of_memory", "TIMEOUT": "timeout", "DEADLINE": "timeout"}
    expected |= dict.fromkeys(["INFRASTRUCTURE", "LOST", "PREEMPTED"], "node_failure")
    expected |= dict.fromkeys(["CANCELLED", "CANCELLED_BY_OTHER"], "cancelled")
    assert (ruling.verdict, ruling.reason_code) == ("failed", expected[end])


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    "lines",
    [[(PASS, "no_asvs"), (FAIL, "no_reads")], [(PASS, "brand_new")], [(PASS, "no_asvs"), (PASS, "all_results")]],
)
def test_what_nobody_can_act_on_is_shown_to_a_person(lines, end):
    ruling = decide(words_of(lines), [], end=end)
    assert ruling.verdict is None
    assert all(word in ruling.attention for _, word in lines)


def test_the_same_line_twice_is_one_line():
    assert words_of([(PASS, "no_asvs")] * 2) == Words(passed="no_asvs")


def test_only_a_job_that_succeeded_may_say_by_its_tree_that_the_member_failed():
    partly, whole = Judgement("failed", "partly", {"runs": []}), Judgement("completed", "downloaded")
    assert decide_by_tree([], partly, end="SUCCEEDED").word == "partly"
    assert decide_by_tree([], partly, end="EXIT").reason_code == "pipeline_failed"
    assert decide_by_tree([], whole, end="EXIT").verdict == "completed"
    assert decide_by_tree(FAULTS, None, end="SUCCEEDED").verdict == "check_failed"
