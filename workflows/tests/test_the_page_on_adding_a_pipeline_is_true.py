"""The folder that ``docs/adding-a-pipeline.md`` shows, word for word, takes a study from reads to results."""

import gzip
import re
from collections import Counter

import pytest
from django.conf import settings
from django.core.management import call_command

from analyses.models import Analysis
from workflows.pipelines import registry
from workflows.tests.added_pipelines import pipelines
from workflows.tests.real_batches import analysed, machine, study_on_disk

__all__ = ["machine", "pipelines"]
PAGE = settings.BASE_DIR / "docs" / "adding-a-pipeline.md"
FILE = re.compile(r"^`(?P<path>[\w./]+)`\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def files():
    return {hit["path"]: hit["text"] for hit in FILE.finditer(PAGE.read_text())}


def test_it_adds_a_folder_and_nothing_else(files):
    assert {path.split("/")[0] for path in files} == {"count_bases"}
    names = ("pipeline.py", "samplesheet.py", "results.py", "importer.py", "main.nf", "nextflow.config")
    assert {f"count_bases/{name}" for name in names} < set(files)


@pytest.mark.nextflow
def test_the_folder_runs_a_study(files, pipelines, machine, tmp_path, capsys):
    for path, text in files.items():
        (pipelines / path).parent.mkdir(parents=True, exist_ok=True)
        (pipelines / path).write_text(text)
    for command in re.findall(r"^\./manage\.py (.*)$", PAGE.read_text(), re.MULTILINE):
        call_command(*command.split())
    told = capsys.readouterr().out
    assert "count_bases  Count bases  v1" in told
    assert "count_bases: ok" in told
    study = study_on_disk(tmp_path, runs=2, pipeline_version="V6.1")
    batch = analysed(study, "count_bases")
    assert batch.revision == registry.revision_of("count_bases")
    for analysis in Analysis.objects.filter(study=study):
        assert analysis.state == "published"
        (found,) = analysis.annotation_sets.all()
        reads = gzip.decompress(next(tmp_path.rglob(f"{analysis.run}.fastq.gz")).read_bytes()).decode().splitlines()
        truth = Counter("".join(reads[1::4]))
        assert {record["identifier"]: record["count"] for record in found.records} == truth
        assert [download.alias for download in analysis.downloads.all()] == [f"{analysis.run}_bases.tsv"]
