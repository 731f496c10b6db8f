import csv
import io
from dataclasses import replace

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from analyses.models import Run
from analyses.tests.factories import fastq_file
from workflows.batches.places import places_of
from workflows.cluster.node.supervisor import write_file
from workflows.pipelines import registry
from workflows.pipelines.declaration import Column, Member
from workflows.pipelines.sheets import SheetRefused, reads_value, render_sheet
from workflows.tests.batches_by_hand import site, started, states, study_of

__all__ = ["site"]
NASTY = ["$(reboot)", "a,b", 'a"b', "a\nb", "a\0b", "../../etc/passwd", "`id`", "a;b", "é", " ", "", "-rf"]
COLUMNS = (Column("sample", "text"), Column("note", "text", required=False))
TEXT = replace(registry.get("mini_amplicon"), columns=COLUMNS, row=lambda member, _config: member.row)


class Row(Member):
    def __init__(self, accession, **row):
        super().__init__(accession)
        object.__setattr__(self, "row", row)


@given(st.text(max_size=30) | st.sampled_from(NASTY))
def test_a_value_comes_back_as_it_was_or_is_refused_by_name(value):
    try:
        text = render_sheet(TEXT, [Row("ERR1", sample="ERR1", note=value)], settings.EMG_CONFIG)
    except SheetRefused as refusal:
        told = refusal.faults
    else:
        told = None
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
        assert "ERR1: note is" in told[0]
    else:
        assert list(csv.reader(io.StringIO(text, newline=""))) == [["sample", "note"], ["ERR1", value]]


def test_all_faults_are_told_and_rows_never_shift():
    declared = registry.get("mini_amplicon")
    odd = [Member("ERR999000009; rm -rf", [fastq_file("ERR999000009")]), Member("ERR999000010", [])]
    with pytest.raises(SheetRefused) as refusal:
        render_sheet(declared, odd, settings.EMG_CONFIG)
    assert [fault.split(" is ")[0] for fault in refusal.value.faults] == [
        "ERR999000009; rm -rf: sample",
        "ERR999000010: fastq_1",
    ]
    runs = [f"ERR9990000{number}" for number in range(11, 31)]
    members = [Member(run, [fastq_file(run, 1), fastq_file(run, 2)][: 1 + index % 2]) for index, run in enumerate(runs)]
    text = render_sheet(declared, reversed(members), settings.EMG_CONFIG)
    assert text == render_sheet(declared, members, settings.EMG_CONFIG)
    for row in csv.DictReader(io.StringIO(text)):
        assert row["sample"] in row["fastq_1"]
        assert row["single_end"] == ("false" if row["sample"] in row["fastq_2"] else "true")


@pytest.mark.parametrize(
    ("transport", "root", "expected"),
    [
        ("https", None, "https://ftp.sra.ebi.ac.uk/vol1/"),
        ("fire", None, "ftp.sra.ebi.ac.uk/vol1/"),
        ("https", "file:///mirror/", "file:///mirror/vol1/"),
    ],
)
def test_reads_have_a_scheme_unless_fire_fetches_them(transport, root, expected):
    config = settings.EMG_CONFIG
    reads = config.reads.model_copy(update={"reads_transport": transport, "reads_url_root": root})
    config = config.model_copy(update={"reads": reads})
    assert reads_value(fastq_file("ERR999000001"), config).startswith(expected)


def test_a_sheet_without_schemes_is_refused_without_fire():
    reads = settings.EMG_CONFIG.reads.model_copy(update={"reads_transport": "file"})
    config = settings.EMG_CONFIG.model_copy(update={"reads": reads})
    with pytest.raises(SheetRefused, match="an address with a scheme"):
        render_sheet(registry.get("mini_amplicon"), [Member("ERR999000001", [fastq_file("ERR999000001")])], config)


def test_a_reader_never_sees_half_a_sheet(tmp_path):
    path = tmp_path / "round-1.csv"
    write_file(path, "first\n")
    with pytest.raises(UnicodeEncodeError):
        write_file(path, "second" * 10_000 + "\udc80")
    assert path.read_text() == "first\n"


def test_who_cannot_be_written_is_left_out_alone(site):
    study = study_of(2)
    Run.objects.filter(pk=study.runs.first().pk).update(fastq_files=[])
    batch = started(study)
    refused, good = batch.members.order_by("run")
    assert (refused.verdict, refused.reason_code, good.verdict) == ("skipped", "sheet_refused", None)
    assert "fastq_1 is ''" in refused.faults[0]["found"]
    assert refused.accession not in places_of(batch).sheet(1).read_text()
    assert set(states(study).values()) == {"planned", "running"}


def test_a_sheet_that_takes_nobody_starts_nothing(site):
    study = study_of(1)
    study.runs.update(fastq_files=[])
    with pytest.raises(SheetRefused, match="fastq_1"):
        started(study)
    assert set(states(study).values()) == {"planned"}
