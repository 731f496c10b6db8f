import pytest

from workflows.models import PipelineRun
from workflows.nextflow.overlay import TRACE_FIELDS
from workflows.nextflow.trace import ingest_trace
from workflows.tests.jobs_by_hand import make_job

ALL = tuple(TRACE_FIELDS.split(","))
GOOD = {
    "task_id": "1",
    "hash": "fa/6e6d2b",
    "native_id": "10460",
    "process": "HELLO",
    "tag": "back\\slash",
    "name": "HELLO (1)",
    "status": "COMPLETED",
    "exit": "0",
    "submit": "1795521820978",
    "start": "1795521822063",
    "complete": "1795521822067",
    "duration": "1089",
    "realtime": "1009",
    "%cpu": "95.5",
    "peak_rss": "5283840",
    "peak_vmem": "7454720",
    "rchar": "140442",
    "wchar": "189",
    "attempt": "1",
    "workdir": "/work/fa",
    "cpus": "1",
    "memory": "-",
    "time": "-",
}


@pytest.fixture
def pipeline_run(db):
    _, attempt = make_job()
    return PipelineRun.objects.create(attempt=attempt)


def trace(tmp_path, *lines, columns=ALL):
    path = tmp_path / "trace.tsv"
    path.write_text("\t".join(columns) + "\n" + "".join(lines))
    return path


def line(columns=ALL, **changed):
    return "\t".join((GOOD | changed)[column] for column in columns) + "\n"


def test_a_trace_read_twice_changes_nothing(pipeline_run, tmp_path):
    path = trace(tmp_path, line(), line(task_id="2", status="FAILED", exit="-"))
    assert [ingest_trace(pipeline_run=pipeline_run, path=path) for _ in range(2)] == [2, 2]
    first, second = pipeline_run.tasks.order_by("task_id")
    assert (first.cpu_percent, first.peak_rss, first.memory, first.tag) == (95.5, 5283840, None, "back\\slash")
    assert (second.status, second.exit) == ("FAILED", None)


def test_a_later_word_on_a_task_replaces_the_former(pipeline_run, tmp_path):
    ingest_trace(pipeline_run=pipeline_run, path=trace(tmp_path, line(status="RUNNING", complete="-")))
    ingest_trace(pipeline_run=pipeline_run, path=trace(tmp_path, line()))
    assert pipeline_run.tasks.get().status == "COMPLETED"


def test_bad_rows_are_told_and_the_good_ones_kept(pipeline_run, tmp_path, caplog):
    path = trace(tmp_path, "a\tb\n", line(realtime="soon"), line(task_id="-"), line(), line(task_id="9").rstrip("\n"))
    assert ingest_trace(pipeline_run=pipeline_run, path=path) == 1
    assert caplog.text.count("trace.tsv, line ") == 4


def test_columns_are_found_by_their_header(pipeline_run, tmp_path):
    few = ["status", "name", "process", "task_id"]
    assert ingest_trace(pipeline_run=pipeline_run, path=trace(tmp_path, line(few), columns=few)) == 1
    assert (pipeline_run.tasks.get().status, pipeline_run.tasks.get().realtime) == ("COMPLETED", None)


def test_a_head_that_died_early_has_no_trace(pipeline_run, tmp_path):
    assert ingest_trace(pipeline_run=pipeline_run, path=tmp_path / "trace.tsv") == 0
