"""The six resubmit policies under the names flow authors know (``spec/cluster-jobs.md`` §6.1)."""

from workflows.cluster.policies import POLICIES, Policy

ResubmitIfFailedPolicy: Policy = POLICIES["ResubmitIfFailedPolicy"]
ResubmitIfOlderThanAWeekPolicy: Policy = POLICIES["ResubmitIfOlderThanAWeekPolicy"]
ResubmitAlwaysPolicy: Policy = POLICIES["ResubmitAlwaysPolicy"]
NeverResubmitPolicy: Policy = POLICIES["NeverResubmitPolicy"]
DontResubmitIfOnlyInputFilesChangePolicy: Policy = POLICIES["DontResubmitIfOnlyInputFilesChangePolicy"]
ResubmitWithCleanedNextflowIfFailedPolicy: Policy = POLICIES["ResubmitWithCleanedNextflowIfFailedPolicy"]
