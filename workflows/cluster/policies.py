"""When a piece of work is done again: six policies as data (``spec/cluster-jobs.md`` §6.1). Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum


class Answer(Enum):
    REUSE = "reuse"
    NEW = "new"


REUSE, NEW = Answer.REUSE, Answer.NEW


@dataclass(frozen=True)
class Policy:
    """``on_failed`` covers cancelled jobs too. ``clean_restart``: a batch first gets a new session."""

    name: str
    inputs_in_key: bool = True
    on_succeeded: Answer = REUSE
    on_failed: Answer = REUSE
    max_age: timedelta | None = None
    clean_restart: bool = False


POLICIES = {
    policy.name: policy
    for policy in (
        Policy("ResubmitIfFailedPolicy", on_failed=NEW),
        Policy("ResubmitIfOlderThanAWeekPolicy", max_age=timedelta(days=7)),
        Policy("ResubmitAlwaysPolicy", on_succeeded=NEW, on_failed=NEW),
        Policy("NeverResubmitPolicy"),
        Policy("DontResubmitIfOnlyInputFilesChangePolicy", inputs_in_key=False),
        Policy("ResubmitWithCleanedNextflowIfFailedPolicy", on_failed=NEW, clean_restart=True),
    )
}


def decide(policy: Policy, *, newest_state: str | None, final_at: datetime | None, now: datetime) -> Answer:
    """What the policy says of the newest final job of a key. An open job never comes here: it is always adopted.

    :param newest_state: SUCCEEDED, FAILED, CANCELLED, or None where the key has no final job
    """
    if newest_state is None or final_at is None:
        return NEW
    if policy.max_age is not None and now - final_at > policy.max_age:
        return NEW
    return policy.on_succeeded if newest_state == "SUCCEEDED" else policy.on_failed
