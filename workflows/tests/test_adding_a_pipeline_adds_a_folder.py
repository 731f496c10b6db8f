import shutil
from dataclasses import replace

import pytest
from django.conf import settings
from django.core.management import call_command

from analyses.models import Analysis
from workflows.batches.planning import plan_batches
from workflows.batches.starting import start_batch
from workflows.pipelines import registry
from workflows.pipelines.declaration import DownloadRule, Import, Node
from workflows.pipelines.fetch import content_hash, materialise, nextflow_files
from workflows.tests.added_pipelines import pipelines
from workflows.tests.batches_by_hand import accessions, end_job, finish, report, site, states, study_of, write_tree

__all__ = ["pipelines", "site"]
NEW = "added_by_a_test"
PIPELINE = """
from dataclasses import replace
from workflows.pipelines.mini_amplicon.pipeline import PIPELINE as MINI
PIPELINE = replace(MINI, slug="added_by_a_test", label="Added", name="added", results_of="amplicon_v6")
"""


@pytest.fixture
def added(pipelines):
    shutil.copytree(pipelines / "mini_amplicon", pipelines / NEW)
    (pipelines / NEW / "pipeline.py").write_text(PIPELINE)


def test_a_new_folder_is_a_pipeline_that_runs_like_any_other(site, added, capsys):
    call_command("pipelines", "list")
    assert f"{NEW}  Added" in capsys.readouterr().out
    study = study_of(1)
    (batch,) = plan_batches(study=study, slug=NEW, actor="test")
    start_batch(batch_id=batch.pk, actor="test")
    batch.refresh_from_db()
    for accession in accessions(batch):
        write_tree(batch, accession)
    report(batch, passed=accessions(batch))
    end_job(batch.job)
    finish(batch)
    assert set(states(study).values()) == {"published"}
    assert Analysis.objects.get(study=study).metadata["pipeline"]["slug"] == NEW


def test_every_declaration_is_consistent():
    for slug in registry.slugs():
        assert list(registry.faults_of(registry.get(slug))) == []


def test_a_declaration_that_contradicts_itself_is_told_with_all_its_faults():
    good = registry.get("mini_amplicon")
    bad = replace(
        good,
        nodes=(*good.nodes, Node("fastp", "twice"), Node("odd", "{region}/x")),
        imports=(*good.imports, Import(("nowhere",), "annotations.taxonomies.ssu", list)),
        downloads=(*good.downloads, DownloadRule("fastp", "unheard_of.x", "Other", "other", "", "")),
    )
    assert set(registry.faults_of(bad)) == {
        "two nodes are called fastp",
        "node odd: {region} stands for nothing",
        "import annotations.taxonomies.ssu: no node nowhere",
        "two imports write annotations.taxonomies.ssu",
        "download fastp: group unheard_of.x is not known",
    }


def test_a_site_that_lacks_something_is_told_what():
    needy = registry.get("mini_amplicon")
    needy = replace(needy, pipeline=replace(needy.pipeline, site_params=("ssu_db",), environments=frozenset({"demo"})))
    group = settings.EMG_CONFIG.mini_pipeline.model_copy(update={"params": {"k": 21, "outdir": "/", "min_lenght": 1}})
    config = settings.EMG_CONFIG.model_copy(update={"environment": "production", "mini_pipeline": group})
    assert registry.missing_here(needy, config) == [
        "allowed in demo only, this is production",
        "EMG_MINI_PIPELINE__PARAMS: ssu_db is not set",
        "EMG_MINI_PIPELINE__PARAMS: min_lenght is no parameter of the pipeline",
        "EMG_MINI_PIPELINE__PARAMS: outdir is set by the platform",
    ]


def test_a_revision_is_its_content_and_lies_whole_beside_others(tmp_path):
    pipelines = tmp_path / "pipelines"
    shutil.copytree(registry.FOLDER, pipelines, ignore=shutil.ignore_patterns("__pycache__"))
    first = materialise(pipelines, "mini_amplicon", tmp_path / "root")
    assert first.name == content_hash(registry.FOLDER, "mini_amplicon")
    assert {str(path.relative_to(first)) for path in first.rglob("*") if path.is_file()} == {
        path for path, _ in nextflow_files(pipelines, "mini_amplicon")
    }
    assert (first / "bin/fetch_reads.py").stat().st_mode & 0o111
    assert not list(first.glob("*.py"))
    with (pipelines / "bin" / "fetch_reads.py").open("a") as file:
        file.write("# changed\n")
    second = materialise(pipelines, "mini_amplicon", tmp_path / "root")
    assert second != first
    assert first.is_dir()
