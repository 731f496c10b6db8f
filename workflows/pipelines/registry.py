"""Finds the folders of pipelines, reads each when it is first asked for, and refuses an inconsistent one."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from analyses.schemas.download import ANALYSIS_GROUPS
from emgapiv2.config import EMGConfig
from workflows.pipelines.declaration import Declared, Pipeline, mandatory, never_refused
from workflows.pipelines.fetch import content_hash, nextflow_files, params_known_to, project_folder
from workflows.pipelines.tree import unknown_placeholders

FOLDER = Path(__file__).parent
SET_BY_THE_PLATFORM = {"input", "samplesheet", "sample", "outdir", "output"}


class UnknownPipeline(LookupError):
    """No folder declares that slug."""


class InconsistentPipeline(ValueError):
    """A declaration that contradicts itself; the text lists every fault."""


def slugs() -> list[str]:
    return sorted(path.parent.name for path in FOLDER.glob("*/pipeline.py"))


@cache
def get(slug: str) -> Declared:
    """Read a pipeline's folder.

    :raises UnknownPipeline: with the slugs there are
    :raises InconsistentPipeline: with all faults
    """
    if slug not in slugs():
        raise UnknownPipeline(f"no pipeline {slug!r}; there are: {', '.join(slugs())}")
    declared = _read(slug)
    if faults := list(faults_of(declared)):
        raise InconsistentPipeline(f"{slug}: " + "; ".join(faults))
    return declared


def _read(slug: str) -> Declared:
    pipeline: Pipeline = _module(slug, "pipeline").PIPELINE
    sheet = _module(slug, "samplesheet")
    results = _module(pipeline.results_of or slug, "results")
    has_importer = pipeline.pipeline_version or pipeline.after or pipeline.makes_assemblies
    importer = _module(pipeline.results_of or slug, "importer") if has_importer else None
    return Declared(
        pipeline=pipeline,
        columns=sheet.COLUMNS,
        row=sheet.row,
        reports=getattr(results, "REPORTS", ()),
        nodes=results.NODES,
        rules=getattr(results, "RULES", ()),
        closed_folders=getattr(results, "CLOSED_FOLDERS", {}),
        judge=getattr(results, "judge", None),
        judged_by_tree=getattr(results, "judged_by_tree", mandatory),
        refusal=getattr(sheet, "refusal", never_refused),
        summaries=getattr(results, "SUMMARIES", ()),
        darwin_core=getattr(results, "DARWIN_CORE", ()),
        imports=getattr(importer, "IMPORTS", ()),
        downloads=getattr(importer, "DOWNLOADS", ()),
    )


def _module(slug: str, name: str) -> ModuleType:
    dotted = f"workflows.pipelines.{slug}.{name}"
    if find_spec(dotted) is None:
        raise InconsistentPipeline(f"{slug}: {name}.py is missing")
    return import_module(dotted)


def revision_of(slug: str) -> str:
    """The commit a pipeline is pinned to, or what its folder's content makes."""
    source = get(slug).pipeline.source
    return source.revision if source else content_hash(FOLDER, slug)


def project_of(declared: Declared, config: EMGConfig) -> Path:
    """Where its Nextflow files lie: its own folder, or where its commit is fetched to."""
    slug, source = declared.pipeline.slug, declared.pipeline.source
    return project_folder(config.slurm.pipelines_root_dir, slug, source.revision) if source else FOLDER / slug


def stage_after(slug: str) -> str | None:
    """The add-on stage that goes on with the members of a pipeline."""
    return next((name for name in slugs() if get(name).pipeline.after == slug), None)


def last_stage_of(slug: str) -> str:
    while following := stage_after(slug):
        slug = following
    return slug


def missing_here(declared: Declared, config: EMGConfig) -> list[str]:
    """What keeps a pipeline from being available at this site; empty = it is."""
    pipeline = declared.pipeline
    missing = []
    if pipeline.environments is not None and config.environment not in pipeline.environments:
        missing.append(f"allowed in {', '.join(sorted(pipeline.environments))} only, this is {config.environment}")
    group, prefix = getattr(config, pipeline.settings), f"EMG_{pipeline.settings.upper()}__PARAMS"
    missing += [f"{prefix}: {name} is not set" for name in pipeline.site_params if name not in group.params]
    unnamed = [name for name in pipeline.site_references if name not in group.references]
    missing += [f"EMG_{pipeline.settings.upper()}__REFERENCES: {name} is not set" for name in unnamed]
    project = project_of(declared, config)
    if not project.is_dir():
        return [*missing, f"{project} is not there: manage.py pipelines fetch {pipeline.slug}"]
    known = {*params_known_to(project), *pipeline.site_params}
    for name in sorted(group.params):
        if name in SET_BY_THE_PLATFORM:
            missing.append(f"{prefix}: {name} is set by the platform")
        elif name not in known:
            missing.append(f"{prefix}: {name} is no parameter of the pipeline")
    return missing


def faults_of(declared: Declared) -> Iterator[str]:
    """Everything a declaration says that cannot be true (§1.8)."""
    pipeline, nodes = declared.pipeline, {node.name: node for node in declared.nodes}
    if not re.fullmatch(r"[a-z][a-z0-9_]*", pipeline.slug):
        yield f"slug {pipeline.slug!r} is not [a-z][a-z0-9_]*"
    if pipeline.source is None and pipeline.main not in dict(nextflow_files(FOLDER, pipeline.slug)):
        yield f"no {pipeline.main} in its folder"
    if pipeline.source and not re.fullmatch("[0-9a-f]{40}", pipeline.source.revision):
        yield f"revision {pipeline.source.revision!r} is not a commit of 40 hex digits"
    if pipeline.after and pipeline.after not in slugs():
        yield f"it comes after {pipeline.after}, which is not there"
    if pipeline.settings not in EMGConfig.model_fields:
        yield f"no group EMG_{pipeline.settings.upper()} in the settings"
    yield from (f"two nodes are called {name}" for name in _twice(node.name for node in declared.nodes))
    yield from (f"two columns are called {name}" for name in _twice(column.name for column in declared.columns))
    for node in declared.nodes:
        unknown = sorted({name for template in node.templates for name in unknown_placeholders(template)})
        yield from (f"node {node.name}: {{{name}}} stands for nothing" for name in unknown)
    wanted = [(f"import {each.target}", name) for each in declared.imports for name in each.nodes]
    wanted += [(f"download {each.alias}", each.node) for each in declared.downloads]
    wanted += [(f"summary {each.label}", each.node) for each in declared.summaries if each.node]
    wanted += [(f"Darwin Core {each.label}", name) for each in declared.darwin_core for name in each.nodes]
    yield from (f"{what}: no node {name}" for what, name in wanted if name not in nodes)
    yield from (f"two imports write {target}" for target in _twice(each.target for each in declared.imports))
    for rule in declared.downloads:
        if rule.group.partition(".")[0] not in ANALYSIS_GROUPS:
            yield f"download {rule.node}: group {rule.group} is not known"
    sources = {each.target.removeprefix("annotations.") for each in declared.imports}
    needed = [*pipeline.required_sources, *(each.source for each in declared.tables if each.source)]
    yield from (f"source {name} is not imported" for name in needed if name not in sources)


def _twice(names: Iterable[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)
