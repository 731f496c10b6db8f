"""The ``status`` object of an assembly, as the API has always shown it (``spec/catalogue.md`` §6.4). Pure."""

from analyses.models import AssemblyState

A = AssemblyState
ALWAYS_TOLD = (
    "assembly_started",
    "pre_assembly_qc_failed",
    "assembly_failed",
    "assembly_completed",
    "assembly_blocked",
    "assembly_uploaded",
    "assembly_upload_failed",
    "assembly_upload_blocked",
)
FAILING_KEY = {
    A.BLOCKED: "assembly_blocked",
    A.METADATA_REJECTED: "ena_metadata_sanity_check_failed",
    A.DATA_REJECTED: "ena_data_qc_check_failed",
    A.PRE_QC_FAILED: "pre_assembly_qc_failed",
    A.FAILED: "assembly_failed",
    A.POST_QC_FAILED: "post_assembly_qc_failed",
    A.UPLOAD_FAILED: "assembly_upload_failed",
    A.UPLOAD_BLOCKED: "assembly_upload_blocked",
}
COMPLETED = {A.COMPLETED, A.UPLOADING, A.POST_QC_FAILED, A.UPLOAD_FAILED, A.UPLOAD_BLOCKED, A.UPLOADED}
STARTED = COMPLETED | {A.RUNNING, A.PRE_QC_FAILED, A.FAILED}


def assembly_status(state: str, reason_code: str | None = None) -> dict[str, bool | str]:
    """Tell a state in the old words.

    :param reason_code: of the event that led to the state; it stands beside the one key that tells a failure
    """
    reached = {
        "assembly_started": state in STARTED,
        "assembly_completed": state in COMPLETED,
        "assembly_uploaded": state == A.UPLOADED,
    }
    status: dict[str, bool | str] = {key: reached.get(key, False) for key in ALWAYS_TOLD}
    if key := FAILING_KEY.get(A(state)):
        status[key] = True
        if reason_code:
            status[f"{key}_reason"] = reason_code
    return status
