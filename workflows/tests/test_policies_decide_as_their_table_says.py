from datetime import UTC, datetime, timedelta

import pytest

from workflows.cluster.policies import POLICIES, decide

NOW = datetime(2026, 5, 1, tzinfo=UTC)
YOUNG, OLD = NOW - timedelta(days=6), NOW - timedelta(days=8)


@pytest.mark.parametrize(
    ("name", "succeeded", "failed", "old_success"),
    [
        ("ResubmitIfFailedPolicy", "reuse", "new", "reuse"),
        ("ResubmitIfOlderThanAWeekPolicy", "reuse", "reuse", "new"),
        ("ResubmitAlwaysPolicy", "new", "new", "new"),
        ("NeverResubmitPolicy", "reuse", "reuse", "reuse"),
        ("DontResubmitIfOnlyInputFilesChangePolicy", "reuse", "reuse", "reuse"),
        ("ResubmitWithCleanedNextflowIfFailedPolicy", "reuse", "new", "reuse"),
    ],
)
def test_policy(name, succeeded, failed, old_success):
    policy = POLICIES[name]

    def answer(state, final_at):
        return decide(policy, newest_state=state, final_at=final_at, now=NOW).value

    assert answer(None, None) == "new"
    assert answer("SUCCEEDED", YOUNG) == succeeded
    assert answer("FAILED", YOUNG) == failed
    assert answer("CANCELLED", YOUNG) == failed
    assert answer("SUCCEEDED", OLD) == old_success


def test_only_one_policy_ignores_the_inputs():
    assert [name for name, policy in POLICIES.items() if not policy.inputs_in_key] == [
        "DontResubmitIfOnlyInputFilesChangePolicy"
    ]
