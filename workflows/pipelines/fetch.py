"""The Nextflow side of a pipeline, put where the nodes read it, a folder a revision (``spec/pipelines.md`` §1.8)."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from workflows.pipelines.declaration import Declared, Git

PARTS = ("main.nf", "nextflow.config", "bin", "reference")
GIT_SECONDS = 600
PLUGIN = re.compile(r"""\bid\s+['"]([\w.-]+)@([\w.-]+)['"]""")


class NotAsPinned(Exception):
    """A source that is not what its declaration says; the text lists every fault. Nothing was put in place."""


def nextflow_files(pipelines: Path, slug: str) -> Iterator[tuple[str, Path]]:
    """(path in the project, file), sorted: the pipeline's own files and the scripts that all bundled ones share."""
    found = {}
    for folder, parts in ((pipelines, ("bin",)), (pipelines / slug, PARTS)):
        for part in parts:
            top = folder / part
            files = [top] if top.is_file() else sorted(path for path in top.rglob("*") if path.is_file())
            found.update({str(file.relative_to(folder)): file for file in files if "__pycache__" not in file.parts})
    yield from sorted(found.items())


def content_hash(pipelines: Path, slug: str) -> str:
    """SHA-256 over paths and bytes of everything Nextflow sees: whatever changes a result changes it."""
    digest = hashlib.sha256()
    for path, file in nextflow_files(pipelines, slug):
        content = file.read_bytes()
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def project_folder(root: Path, slug: str, revision: str) -> Path:
    """A folder that is there is complete."""
    return root / slug / revision


def materialise(pipelines: Path, slug: str, root: Path) -> Path:
    """Copy a bundled pipeline to its place, unless it is there.

    :return: that folder
    """

    def copy(part: Path) -> None:
        for path, file in nextflow_files(pipelines, slug):
            target = part / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            target.chmod(0o755 if path.startswith("bin/") else 0o644)  # Nextflow runs what lies in bin by name

    return _put_in_place(project_folder(root, slug, content_hash(pipelines, slug)), copy)


def fetch_pinned(declared: Declared, source: Git, *, root: Path, plugins: Path | None) -> Path:
    """Clone a pipeline's commit to its place, unless it is there, and compare it with its declaration.

    :param plugins: Nextflow's folder of plugins; None: they are not looked for
    :return: that folder
    :raises NotAsPinned: git's own words, or everything that is not as declared
    """

    def clone(part: Path) -> None:
        _git("clone", "--quiet", "--no-checkout", source.url, str(part))
        _git("-C", str(part), "checkout", "--quiet", "--detach", source.revision)
        faults = [] if _resolve(part, "HEAD") == source.revision else [f"HEAD is {_resolve(part, 'HEAD')}"]
        if source.tag and (found := _resolve(part, f"refs/tags/{source.tag}")) != source.revision:
            faults.append(f"tag {source.tag} is {found}, pinned is {source.revision}")
        if faults := [*faults, *faults_of_project(part, declared, plugins)]:
            raise NotAsPinned("; ".join(faults))
        shutil.rmtree(part / ".git")

    return _put_in_place(project_folder(root, declared.pipeline.slug, source.revision), clone)


def faults_of_project(project: Path, declared: Declared, plugins: Path | None) -> Iterator[str]:
    """What a pipeline's own files say against its declaration."""
    if not (project / declared.pipeline.main).is_file():
        yield f"no {declared.pipeline.main}"
    known = params_known_to(project)
    wanted = {*declared.pipeline.params, *declared.pipeline.site_params}
    yield from (f"{name} is no parameter of it" for name in sorted(wanted - known))
    schema = project / "assets" / "schema_input.json"
    if schema.is_file():
        theirs = set(json.loads(schema.read_text())["items"]["properties"])
        ours = {column.name for column in declared.columns}
        yield from (f"its sheet has no column {name}" for name in sorted(ours - theirs))
        yield from (f"its sheet has a column {name}" for name in sorted(theirs - ours))
    config = project / "nextflow.config"
    if plugins and config.is_file():
        for name, version in PLUGIN.findall(config.read_text()):
            if not (plugins / f"{name}-{version}").is_dir():
                yield f"plugin {name}@{version} is not in {plugins}"


def params_known_to(project: Path) -> set[str]:
    """Parameters by their schema, else by the ``params`` block: many a pipeline takes any other without a word."""
    schema, config = project / "nextflow_schema.json", project / "nextflow.config"
    if schema.is_file():
        content = json.loads(schema.read_text())
        groups = [content, *content.get("definitions", {}).values(), *content.get("$defs", {}).values()]
        return {name for group in groups for name in group.get("properties", {})}
    block = re.search(r"^params \{$(.*?)^\}$", config.read_text() if config.is_file() else "", re.DOTALL | re.MULTILINE)
    return set(re.findall(r"^\s+(\w+)\s*=", block[1], re.MULTILINE)) if block else set()


def _put_in_place(project: Path, make: Callable[[Path], None]) -> Path:
    if project.is_dir():
        return project
    project.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".part-", dir=project.parent))
    try:
        make(part)
        part.chmod(0o755)
        part.rename(project)
    except OSError:
        if not project.is_dir():  # else somebody else was faster, with the same bytes
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return project


def _resolve(repository: Path, name: str) -> str:
    return _git("-C", str(repository), "rev-parse", "--verify", f"{name}^{{commit}}")


def _git(*arguments: str) -> str:
    """:raises NotAsPinned: with what git said"""
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, env=environment, timeout=GIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotAsPinned(f"git {arguments[0]}: {error}") from error
    if done.returncode:
        raise NotAsPinned(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()
