"""When a piece of work is done again: six policies as data (``spec/cluster-jobs.md`` §6.1). Pure."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Policy:
    """Which ended job of a key is no reason against a new one, for ``again_if_failed`` a cancelled one too.

    :param clean_restart: a batch first gets a new session
    """

    name: str
    inputs_in_key: bool = True
    again_if_succeeded: bool = False
    again_if_failed: bool = False
    max_age: timedelta | None = None
    clean_restart: bool = False


POLICIES = {
    policy.name: policy
    for policy in (
        Policy("ResubmitIfFailedPolicy", again_if_failed=True),
        Policy("ResubmitIfOlderThanAWeekPolicy", max_age=timedelta(days=7)),
        Policy("ResubmitAlwaysPolicy", again_if_succeeded=True, again_if_failed=True),
        Policy("NeverResubmitPolicy"),
        Policy("DontResubmitIfOnlyInputFilesChangePolicy", inputs_in_key=False),
        Policy("ResubmitWithCleanedNextflowIfFailedPolicy", again_if_failed=True, clean_restart=True),
    )
}


def wants_another(policy: Policy, state: str, age: timedelta) -> bool:
    """What the policy says of the newest final job of a key. An open job never comes here: it is always adopted."""
    if policy.max_age is not None and age > policy.max_age:
        return True
    return policy.again_if_succeeded if state == "SUCCEEDED" else policy.again_if_failed
