"""The Nextflow side of a pipeline, put where the nodes read it, a folder a revision (``spec/pipelines.md`` §1.8)."""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PARTS = ("main.nf", "nextflow.config", "bin", "reference")


def nextflow_files(pipelines: Path, slug: str) -> Iterator[tuple[str, Path]]:
    """(path in the project, file), sorted: the pipeline's own files and the scripts that all bundled ones share."""
    found = {}
    for folder, parts in ((pipelines, ("bin",)), (pipelines / slug, PARTS)):
        for part in parts:
            top = folder / part
            files = [top] if top.is_file() else sorted(path for path in top.rglob("*") if path.is_file())
            found.update({str(file.relative_to(folder)): file for file in files if "__pycache__" not in file.parts})
    yield from sorted(found.items())


def revision_of(pipelines: Path, slug: str) -> str:
    """SHA-256 over paths and bytes of everything Nextflow sees: whatever changes a result changes it."""
    digest = hashlib.sha256()
    for path, file in nextflow_files(pipelines, slug):
        content = file.read_bytes()
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def params_of_config(pipelines: Path, slug: str) -> set[str]:
    """Names in the ``params`` block of the pipeline's own configuration: Nextflow takes any other without a word."""
    block = re.search(
        r"^params \{$(.*?)^\}$", (pipelines / slug / "nextflow.config").read_text(), re.DOTALL | re.MULTILINE
    )
    return set(re.findall(r"^\s+(\w+)\s*=", block[1], re.MULTILINE)) if block else set()


def materialise(pipelines: Path, slug: str, root: Path) -> Path:
    """Copy a bundled pipeline to ``<root>/<slug>/<revision>/``; a folder that is there is complete.

    :return: that folder
    """
    project = root / slug / revision_of(pipelines, slug)
    if project.is_dir():
        return project
    project.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".part-", dir=project.parent))
    try:
        for path, file in nextflow_files(pipelines, slug):
            target = part / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            target.chmod(0o755 if path.startswith("bin/") else 0o644)  # Nextflow runs what lies in bin by name
        part.chmod(0o755)
        part.rename(project)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
        if not project.is_dir():  # else somebody else was faster, with the same bytes
            raise
    return project
