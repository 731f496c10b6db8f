import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from analyses.assembly_status import assembly_status
from analyses.models import Assembly, AssemblyEvent, AssemblyState
from analyses.states import ASSEMBLY_MOVES, IllegalMove, PreconditionFailed, move_assemblies, move_assembly
from analyses.tests.factories import make_assembly, make_run, make_study

pytestmark = pytest.mark.django_db
JOB = uuid.uuid4()
STARTED, COMPLETED = {"assembly_started"}, {"assembly_started", "assembly_completed"}
TRUE_KEYS = {
    "planned": set(),
    "external": set(),
    "blocked": {"assembly_blocked"},
    "metadata_rejected": {"ena_metadata_sanity_check_failed"},
    "data_rejected": {"ena_data_qc_check_failed"},
    "running": STARTED,
    "pre_qc_failed": STARTED | {"pre_assembly_qc_failed"},
    "failed": STARTED | {"assembly_failed"},
    "completed": COMPLETED,
    "uploading": COMPLETED,
    "post_qc_failed": COMPLETED | {"post_assembly_qc_failed"},
    "upload_failed": COMPLETED | {"assembly_upload_failed"},
    "upload_blocked": COMPLETED | {"assembly_upload_blocked"},
    "uploaded": COMPLETED | {"assembly_uploaded"},
}


def new_assembly(state="planned", **fields):
    return make_assembly(make_run(make_study()), state=state, **fields)


def test_illegal_moves_fail_by_sql():
    for frm in AssemblyState:
        assembly = new_assembly(frm, origin="ena")
        for to in set(AssemblyState) - ASSEMBLY_MOVES[frm] - {frm}:
            with pytest.raises(IntegrityError, match="cannot move"), transaction.atomic():
                Assembly.objects.filter(pk=assembly.pk).update(state=to)


def test_every_move_has_one_event():
    assembly = new_assembly()
    moved = move_assembly(assembly_id=assembly.pk, to="running", actor="test", cluster_job_id=JOB)
    ids = move_assemblies(ids=[assembly.pk], frm="running", to="pre_qc_failed", actor="test", reason_code="low_reads")
    assert (moved.state, ids) == ("running", [assembly.pk])
    told = AssemblyEvent.objects.order_by("pk").values_list("from_state", "to_state", "reason_code")
    assert list(told)[1:] == [("planned", "running", None), ("running", "pre_qc_failed", "low_reads")]
    connection.check_constraints()
    Assembly.objects.update(state="blocked")
    with pytest.raises(IntegrityError, match="last event says pre_qc_failed"), transaction.atomic():
        connection.check_constraints()
    connection.set_rollback(True)


def test_only_what_has_an_accession_is_uploaded_and_only_a_curator_takes_it_back():
    assembly = new_assembly("uploading")
    Assembly.objects.update(first_accession=None, ena_accessions=[])
    with pytest.raises(PreconditionFailed, match="has an accession"):
        move_assembly(assembly_id=assembly.pk, to="uploaded", actor="test")
    Assembly.objects.update(first_accession="ERZ99900099", ena_accessions=["ERZ99900099"])
    move_assembly(assembly_id=assembly.pk, to="uploaded", actor="test")
    with pytest.raises(PreconditionFailed, match="only a curator"):
        move_assembly(assembly_id=assembly.pk, to="completed", actor="test")
    assert (
        move_assembly(assembly_id=assembly.pk, to="completed", actor="anna", reason_code="curator").state == "completed"
    )
    with pytest.raises(IllegalMove):
        move_assembly(assembly_id=new_assembly("external").pk, to="planned", actor="test")


@pytest.mark.parametrize("state", AssemblyState)
def test_status_object_matches_the_table(state):
    status = assembly_status(state, "curator")
    assert {key for key, value in status.items() if value is True} == TRUE_KEYS[state]
    assert len([key for key in status if key.startswith(("assembly_", "pre_")) and not key.endswith("_reason")]) == 8
    reasons = {key for key in status if key.endswith("_reason")}
    failing = {key for key in TRUE_KEYS[state] if "fail" in key or "blocked" in key}
    assert reasons == {f"{key}_reason" for key in failing}
