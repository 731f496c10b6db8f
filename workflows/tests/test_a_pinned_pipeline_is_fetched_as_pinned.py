import json
import shutil
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from workflows.pipelines import registry
from workflows.pipelines.declaration import Git
from workflows.pipelines.fetch import NotAsPinned, fetch_pinned
from workflows.tests.added_pipelines import git, pipelines, repository
from workflows.tests.batches_by_hand import sites

__all__ = ["pipelines"]
COLUMNS = ("id", "assembly", "fastq_1", "fastq_2", "proteins")
FILES = {
    "main.nf": "workflow {}\n",
    "nextflow.config": "plugins {\n  id 'nf-schema@2.7.1'\n}\n",
    "nextflow_schema.json": json.dumps(
        {"$defs": {"all": {"properties": {key: {} for key in ("samplesheet", "output", "use_proteins")}}}}
    ),
    "assets/schema_input.json": json.dumps({"items": {"properties": {key: {} for key in COLUMNS}}}),
}
PIPELINE = """
from dataclasses import replace
from workflows.pipelines.declaration import Git
from workflows.pipelines.virify_v3.pipeline import PIPELINE as VIRIFY
PIPELINE = replace(VIRIFY, slug="added_by_a_test", after=None, source=Git({url!r}, {revision!r}, tag="v1"))
"""


@pytest.fixture
def theirs(tmp_path):
    """Somebody's repository: a commit that is tagged, and one after it."""
    folder = tmp_path / "theirs"
    pinned = repository(folder, FILES)
    git(folder, "tag", "v1")
    repository(folder, {"main.nf": "workflow { later() }\n"})
    (tmp_path / "plugins" / "nf-schema-2.7.1").mkdir(parents=True)
    return folder, pinned


def fetch(tmp_path, url, revision, tag="v1"):
    declared = registry.get("virify_v3")
    plugins = tmp_path / "plugins"
    return fetch_pinned(declared, Git(str(url), revision, tag=tag), root=tmp_path / "root", plugins=plugins)


def test_the_command_puts_the_commit_in_place_once_and_whole(theirs, pipelines, settings, tmp_path, capsys):
    config = sites(settings, tmp_path)
    folder, pinned = theirs
    shutil.copytree(pipelines / "virify_v3", pipelines / "added_by_a_test")
    (pipelines / "added_by_a_test/pipeline.py").write_text(PIPELINE.format(url=str(folder), revision=pinned))
    call_command("pipelines", "list")
    assert "manage.py pipelines fetch added_by_a_test" in capsys.readouterr().out
    call_command("pipelines", "fetch", "added_by_a_test")
    project = config.slurm.pipelines_root_dir / "added_by_a_test" / pinned
    assert (project / "main.nf").read_text() == FILES["main.nf"]
    assert {path.name for path in project.iterdir()} == {"main.nf", "nextflow.config", "nextflow_schema.json", "assets"}
    shutil.rmtree(folder)
    call_command("pipelines", "fetch", "added_by_a_test")
    call_command("pipelines", "check", "added_by_a_test")
    assert "added_by_a_test: ok" in capsys.readouterr().out
    (project / "nextflow_schema.json").write_text("{}")
    with pytest.raises(CommandError):
        call_command("pipelines", "check", "added_by_a_test")
    assert "use_proteins is no parameter of it" in capsys.readouterr().err


def test_all_that_is_not_as_declared_is_told_and_nothing_is_put_in_place(theirs, tmp_path):
    folder, _ = theirs
    columns = {key: {} for key in ("id", "contigs", *COLUMNS[2:])}
    schema = json.dumps({"properties": {key: {} for key in ("samplesheet", "outdir", "use_proteins")}})
    other = {
        "nextflow_schema.json": schema,
        "assets/schema_input.json": json.dumps({"items": {"properties": columns}}),
        "nextflow.config": "plugins {\n  id 'nf-schema@2.7.1'\n  id 'nf-prov@1.4.0'\n}\n",
    }
    newest = repository(folder, other)
    with pytest.raises(NotAsPinned) as refused:
        fetch(tmp_path, folder, newest)
    tagged = git(folder, "rev-parse", "v1^{commit}")
    assert str(refused.value).split("; ") == [
        f"tag v1 is {tagged}, pinned is {newest}",
        "output is no parameter of it",
        "its sheet has no column assembly",
        "its sheet has a column contigs",
        f"plugin nf-prov@1.4.0 is not in {tmp_path / 'plugins'}",
    ]
    assert [*(tmp_path / "root" / "virify_v3").iterdir()] == []


@pytest.mark.parametrize("revision", ["main", "v1", "HEAD", "0" * 39, "F" * 40])
def test_what_may_move_is_no_revision(revision):
    declared = registry.get("virify_v3")
    bad = replace(declared, pipeline=replace(declared.pipeline, source=Git("x", revision)))
    assert list(registry.faults_of(bad)) == [f"revision {revision!r} is not a commit of 40 hex digits"]


def test_git_says_itself_what_it_could_not_do(theirs, tmp_path):
    with pytest.raises(NotAsPinned, match="0" * 40):
        fetch(tmp_path, theirs[0], "0" * 40)
    with pytest.raises(NotAsPinned, match="git clone"):
        fetch(tmp_path, tmp_path / "nowhere", "0" * 40)
    with pytest.raises(NotAsPinned, match="v9"):
        fetch(tmp_path, *theirs, tag="v9")
