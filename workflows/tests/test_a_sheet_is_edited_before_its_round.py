import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from analyses.tests.factories import make_analysis, make_run, make_study
from emgapiv2.tests.admin_buttons import operator, post, url_of
from workflows.batches.places import places_of
from workflows.batches.planning import plan_batches
from workflows.batches.sheet_editing import NotEditable, cancel_unstarted, edit_sheet, sheet_of
from workflows.batches.starting import start_batch
from workflows.models import Batch, WorkEvent
from workflows.pipelines.sheets import SheetRefused
from workflows.tests.batches_by_hand import accessions, end_job, plan, site, started, states, study_of

__all__ = ["operator", "site"]
OTHER = "https://example.org/trimmed.fastq.gz"


def edit(batch, text):
    return edit_sheet(batch_id=batch.pk, text=text, actor="user:anna")


def start_and_leave(batch):
    try:
        start_batch(batch_id=batch.pk, actor="test")
    finally:
        connection.close()


def wait_until_somebody_waits_for_a_lock():
    mine = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
    deadline = time.monotonic() + 30
    while not (waiting := sql(mine)[0]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert waiting, "nobody waits for the batch"


def sql(text):
    with connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchone()


def test_what_a_person_writes_is_what_the_pipeline_reads(site):
    batch = plan(study_of(2))
    first, second = sheet_of(batch).splitlines()[1:]
    reads = first.split(",")[1]
    assert edit(batch, sheet_of(batch).replace(reads, OTHER)) == 1
    assert edit(batch, sheet_of(batch)) == 0
    event = WorkEvent.objects.get(batch=batch, kind="sheet_edited")
    assert (event.actor, event.detail["before"], event.detail["after"]) == ("user:anna", {}, {"fastq_1": OTHER})
    start_batch(batch_id=batch.pk, actor="test")
    assert places_of(batch).sheet(1).read_text().splitlines()[1:] == [first.replace(reads, OTHER), second]


def test_a_cell_set_back_is_no_change_any_more(site):
    batch = plan(study_of(1))
    before = sheet_of(batch)
    edit(batch, before.replace(before.splitlines()[1].split(",")[1], OTHER))
    assert edit(batch, before) == 1
    assert batch.members.get().edits == {}


def test_all_faults_are_told_and_nothing_is_changed(site):
    batch = plan(study_of(2))
    first, second = accessions(batch)
    header, *lines = sheet_of(batch).splitlines()
    reads = lines[0].split(",")[1]

    def with_reads(path):
        return "\n".join([header, lines[0].replace(reads, path), lines[1]])

    bad = {
        "is not in this batch": "\n".join([header, *lines, lines[0].replace(first, "ERR999599999")]),
        "its line is missing": "\n".join([header, lines[0]]),
        "the header is not": "\n".join([header.replace("single_end", "single"), *lines]),
        "other cells than the header": "\n".join([header, lines[0] + ",more", lines[1]]),
        "is no CSV": "\n".join([header, '"' + lines[0], lines[1]]),
        "a file inside": with_reads("file:///etc/a.fastq.gz"),
        "does not climb": with_reads(f"{site.slurm.default_workdir}/../a.fastq.gz"),
        "single_end is 'maybe'": "\n".join([header, *(line.replace("true", "maybe") for line in lines)]),
        "each accession of the batch once": "\n".join([header, lines[0], lines[0]]),
    }
    for told, text in bad.items():
        with pytest.raises(SheetRefused, match=told) as refused:
            edit(batch, text)
    with pytest.raises(SheetRefused) as refused:
        edit(batch, bad["single_end is 'maybe'"])
    assert [fault.split(":")[0] for fault in refused.value.faults] == [first, second]
    assert not any(batch.members.values_list("edits", flat=True))


def test_a_file_of_the_batches_own_folders_may_be_named(site):
    batch = plan(study_of(1))
    text = sheet_of(batch)
    assert edit(batch, text.replace(text.splitlines()[1].split(",")[1], f"{site.slurm.default_workdir}/a.fastq.gz"))


def test_once_the_round_runs_it_is_too_late_and_the_next_one_takes_it(site):
    batch = started(study_of(1))
    text = places_of(batch).sheet(1).read_text()
    with pytest.raises(NotEditable):
        edit(batch, text)
    end_job(batch.job)
    with pytest.raises(NotEditable):
        edit(batch, text.replace("true", "false"))


def test_an_edit_between_writing_and_starting_is_not_lost(site):
    batch = plan(study_of(1))
    text = sheet_of(batch)
    edited = text.replace(text.splitlines()[1].split(",")[1], OTHER)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Batch.objects.select_for_update().get(pk=batch.pk)
            starting = pool.submit(start_and_leave, batch)
            wait_until_somebody_waits_for_a_lock()
            assert places_of(batch).sheet(1).read_text() == text
            edit(batch, edited)
        starting.result()
    assert places_of(batch).sheet(1).read_text() == edited


def test_what_a_person_would_not_start_is_free_again(site):
    study = study_of(2)
    batch = plan(study)
    for _ in range(2):
        cancel_unstarted([batch], actor="user:anna")
    batch.refresh_from_db()
    assert (batch.state, set(states(study).values())) == ("cancelled", {"planned"})
    (again,) = plan_batches(study=study, slug="mini_amplicon", actor="test")
    assert (again.pk, again.state) == (batch.pk, "open")


def test_a_batch_s_page_shows_its_sheet_and_takes_a_new_one(site, operator):
    study = make_study()
    make_analysis(make_run(study))
    client, batch = operator("view_batch", "change_batch"), plan(study)
    text = sheet_of(batch)
    assert text.splitlines()[1] in client.get(url_of(batch, "change")).text
    assert text.splitlines()[1] in client.get(url_of(batch, "sheet")).text
    page = post(client, url_of(batch, "sheet"), sheet=text.replace("true", "maybe")).text
    assert "expected bool" in page
    assert "maybe" in page  # nobody has to write it again
    edited = text.replace(text.splitlines()[1].split(",")[1], OTHER)
    post(client, url_of(batch, "sheet"), sheet=edited.replace("\n", "\r\n"))
    assert sheet_of(batch) == edited
    start_batch(batch_id=batch.pk, actor="test")
    assert url_of(batch, "sheet") not in client.get(url_of(batch, "change")).text
