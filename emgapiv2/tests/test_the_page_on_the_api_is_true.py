"""The examples of ``docs/api.md``, in their order, against the API as it is served."""

import json
import os
import re
import subprocess

import pyarrow.parquet as pq
import pytest

from analyses.models import Analysis
from emgapiv2.config import RateLimits
from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.operations import PREFIX
from emgapiv2.tests.served import ROOT
from ena.tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
PAGE = (ROOT / "docs/api.md").read_text()
BLOCKS = re.findall(r"^```(bash|python)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def environment(served_things, monkeypatch):
    names = {"STUDY": "studies", "RUN": "runs", "ANALYSIS": "analyses"}
    found = {name: served_things[key] for name, key in names.items()}
    found |= {"API": served_things["site"] + PREFIX, "WEBIN": OWNER, "WEBIN_PASSWORD": PASSWORD}
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return os.environ


def test_the_examples_do_what_they_say(environment, tmp_path):
    told, names = [], {}
    for language, text in BLOCKS:
        if language == "python":
            exec(compile(text, "docs/api.md", "exec"), names)
        else:
            command = ["bash", "-euo", "pipefail", "-c", text]
            told.append(subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True).stdout)
    first, _, file, error = (text.decode() for text in told)
    found, study, run = [json.loads(line) for line in re.sub(r"\}\{", "}\n{", first).splitlines()]
    assert (len(found["items"]), study["accession"]) == (2, environment["STUDY"])
    assert (run["kind"], run["accession"]) == ("run", environment["RUN"])
    assert json.loads(error)["request_id"] == "mine-1"
    assert "302" in file.splitlines()[0]
    assert "location:" in file.lower()
    assert [one["accession"] for one in names["runs"]] == [environment["RUN"]]
    assert ("analysis", environment["ANALYSIS"]) in names["copy"]
    assert names["ask_next_time"].endswith("Z")
    assert len(names["mine"]) == 1
    assert names["own_study"].json()["accession"] == names["mine"][0]["accession"]
    _check_tables(tmp_path, environment)


def _check_tables(folder, environment):
    header, row, *more = (folder / "analyses.tsv").read_text().splitlines()
    assert environment["ANALYSIS"] in row
    assert header.startswith("study\tanalysis\t")
    assert len(more) == Analysis.objects.filter(state="published").count() - 1
    assert "sk__Bacteria" in (folder / "taxa.tsv").read_text()
    assert "ssu.tsv" in (folder / "files.csv").read_text()
    assert pq.read_table(folder / "runs.parquet").num_rows == 1


def test_its_limits_are_the_settings():
    limits = RateLimits()
    numbers = f"{limits.search.calls} searches, {limits.export.calls} tables and {limits.write.calls} writes"
    assert numbers in PAGE
    assert {limits.search.seconds, limits.export.seconds, limits.write.seconds} == {60}
    assert limits.read is None
