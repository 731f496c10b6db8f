"""Tables of a study and of the catalogue. They are read over a connection of their own, so the rows are committed."""

import csv
import io
import json
import re

import pyarrow.parquet as pq
import pytest
from django.core.management import call_command

from analyses.models import Analysis, Study
from analyses.selectors.tables import Table
from analyses.tests.factories import (
    make_analysis,
    make_annotations,
    make_assembly,
    make_download,
    make_run,
    make_sample,
    make_study,
)
from emgapiv2.api import streams as streaming
from emgapiv2.config import Api
from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db
FORMULA = '=HYPERLINK("x")'


@pytest.fixture(scope="module")
def study(django_db_setup, django_db_blocker):
    """Made once for all tests of this file, which only read."""
    with django_db_blocker.unblock():
        yield make_tables()
        call_command("flush", interactive=False, verbosity=0)


def make_tables():
    study = make_study(title="Sea\tof\r\nwords")
    for number in range(3):
        sample = make_sample(
            study,
            sample_title=FORMULA,
            metadata={"lat": f"-{number}.5", "odd key": "x, y", "study_accession": "PRJEB1;PRJEB2"},
        )
        analysis = make_analysis(make_run(study, sample), state="published")
        make_annotations(analysis, records=[{"organism": "sk__Bacteria", "count": number}, {"organism": f"o{number}"}])
        make_download(analysis, alias="a b/ssu.tsv")
    make_analysis(make_run(study), state="imported")
    hidden = make_run(make_study(level=1))
    make_analysis(hidden, state="published")
    for runs in (study.runs.order_by("pk")[:2], [hidden]):
        make_assembly(*runs, assembly_study=study)
    return study


def get(client, path, **query):
    answer = client.get(f"{PREFIX}{path}", query)
    assert answer.status_code == 200, answer.content
    return answer


def lines(answer):
    return answer.getvalue().decode().splitlines()


def rows(answer):
    return [dict(zip(header, line, strict=True)) for header, *table in [_cells(answer)] for line in table]


def _cells(answer):
    return [line.split("\t") for line in lines(answer)]


def test_a_study_as_a_table(client, study):
    answer = get(client, f"/studies/{study.accession}/analyses/table", metadata="true")
    assert answer["Content-Type"] == "text/tab-separated-values"
    assert answer["Content-Disposition"] == f'attachment; filename="{study.accession}_analyses.tsv"'
    table = rows(answer)
    assert [row["lat"] for row in table] == ["-0.5", "-1.5", "-2.5"], "numbers are no formulas"
    assert table[0]["sample.odd key"] == "x, y"
    assert "sample.study_accession" not in table[0], "it may name private studies"
    assert {row["sample_title"] for row in table} == {f"'{FORMULA}"}
    assert table[0]["experiment_type"] == "Amplicon"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", table[0]["updated_at"])


def test_all_formats_hold_the_same(client, study):
    path = f"/studies/{study.accession}/analyses/table"
    wanted = [row["analysis"] for row in rows(get(client, path))]
    assert len(wanted) == 3
    as_csv = csv.DictReader(io.StringIO(get(client, path, format="csv").getvalue().decode()))
    assert [row["analysis"] for row in as_csv] == wanted
    *objects, end = map(json.loads, lines(get(client, path, format="jsonl")))
    assert [one["analysis"] for one in objects] == wanted
    assert end == {"_end": True, "rows": 3}
    assert objects[0]["sample_title"] == FORMULA, "only spreadsheets run formulas"
    parquet = pq.read_table(io.BytesIO(get(client, path, format="parquet").getvalue()))
    assert parquet["analysis"].to_pylist() == wanted
    assert str(parquet.schema.field("updated_at").type) == "timestamp[us, tz=UTC]"
    by_accept = client.head(f"{PREFIX}{path}", headers={"Accept": "application/x-ndjson"})
    assert by_accept["Content-Type"] == "application/x-ndjson"


def test_annotations_long_and_wide(client, study):
    path = f"/studies/{study.accession}/annotations"
    long = rows(get(client, path))
    assert [(row["organism"], row["count"]) for row in long[:3]] == [
        ("sk__Bacteria", "0"),
        ("o0", ""),
        ("sk__Bacteria", "1"),
    ]
    wide = rows(get(client, path, layout="wide", source="taxonomies__ssu"))
    bacteria = next(row for row in wide if row["term"] == "sk__Bacteria")
    assert list(bacteria.values())[2:] == ["0", "1", "2"]
    assert rows(get(client, path, source="pfams")) == []
    assert rows(get(client, path, pipeline_version="V5")) == []


def test_files_have_addresses_that_do_not_expire(client, study):
    file = rows(get(client, f"/studies/{study.accession}/files"))[0]
    assert (file["alias"], file["size"]) == ("a b/ssu.tsv", "10")
    answer = client.get(file["permanent_url"])
    assert answer.status_code == 302
    assert answer["Location"].endswith("/V6/amplicon/taxonomy/a%20b/ssu.tsv")


def test_the_catalogue_is_the_public_list(client, study):
    assert [row["study"] for row in rows(get(client, "/exports/studies"))] == [study.accession]
    assert len(rows(get(client, "/exports/samples"))) == 4
    assert len(rows(get(client, "/exports/runs", study_accession=study.accession))) == 4
    assert len(rows(get(client, "/exports/analyses", pipeline_version="V6"))) == 3
    (assembly,) = rows(get(client, "/exports/assemblies", study_accession=study.accession))
    runs = study.runs.order_by("pk").values_list("first_accession", flat=True)[:2]
    assert (assembly["runs"], assembly["assembly_study"]) == (";".join(runs), study.accession)
    assert rows(get(client, "/exports/assemblies", assembler_name="flye")) == []
    assert rows(get(client, "/exports/runs", instrument_platform="none")) == []
    assert rows(get(client, "/exports/studies", updated_since="2999-01-01T00:00:00Z")) == []
    title = rows(get(client, "/exports/studies"))[0]["title"]
    assert title == "Sea of  words", "a cell is on one line"


def test_two_exports_of_the_same_are_equal_and_the_second_need_not_be_read(
    client, study, django_assert_max_num_queries
):
    url = f"{PREFIX}/studies/{study.accession}/analyses/table"
    first, second = client.get(url), client.get(url)
    assert first.getvalue() == second.getvalue()
    for headers in ({}, {"Accept-Encoding": "gzip"}):
        tag = client.head(url, headers=headers)["ETag"]
        assert client.get(url, headers=headers | {"If-None-Match": tag}).status_code == 304
    Analysis.objects.filter(state="published").update(metadata={"new": 1})  # seen by this test only
    assert client.head(url, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_head_reads_nothing(client, study, monkeypatch):
    monkeypatch.setattr(streaming, "_batches", None)  # whoever reads, fails
    answer = client.head(f"{PREFIX}/exports/studies")
    assert (answer.status_code, answer.getvalue()) == (200, b"")
    assert answer["Content-Type"] == "text/tab-separated-values"


def test_a_private_study_is_exported_to_who_may_see_it(client, bearer, study):
    private = Study.objects.get(visibility=1)
    url = f"{PREFIX}/studies/{private.accession}/analyses/table"
    assert client.get(url).status_code == 404
    seen = bearer("read").get(url)
    assert len(rows(seen)) == 1
    assert seen["Cache-Control"] == "private, no-store"
    assert "ETag" not in seen


def test_a_failure_before_the_first_byte_is_an_answer(client, study, settings, monkeypatch):
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"api": Api(export_timeout_seconds=0.05)})
    slow = Table({"slept": "text"}, "SELECT pg_sleep(9)::text", ())
    monkeypatch.setattr("analyses.selectors.tables.table_of", lambda _rows, _columns: slow)
    answer = client.get(f"{PREFIX}/exports/studies")
    assert (answer.status_code, answer.json()["code"]) == (503, "too_slow")
    assert not streaming._running
