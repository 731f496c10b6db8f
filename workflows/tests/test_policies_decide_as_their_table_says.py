from datetime import timedelta

import pytest

from workflows.cluster.policies import POLICIES, wants_another

YOUNG, OLD = timedelta(days=6), timedelta(days=8)


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
    def answer(state, age):
        return "new" if wants_another(POLICIES[name], state, age) else "reuse"

    assert answer("SUCCEEDED", YOUNG) == succeeded
    assert answer("FAILED", YOUNG) == failed
    assert answer("CANCELLED", YOUNG) == failed
    assert answer("SUCCEEDED", OLD) == old_success


def test_only_one_policy_ignores_the_inputs():
    assert [name for name, policy in POLICIES.items() if not policy.inputs_in_key] == [
        "DontResubmitIfOnlyInputFilesChangePolicy"
    ]
