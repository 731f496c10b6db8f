"""What lies on the disk of one member, read by its pipeline's declaration (``spec/pipelines.md`` §1.4, §1.6)."""

import csv
import json
from collections.abc import Iterator, Mapping
from typing import Any

from analyses.models import DownloadFileType as File
from analyses.schemas import NewDownload
from analyses.schemas.download import IndexFile
from analyses.services.import_assembly import MadeAssembly
from analyses.services.import_results import ImportedResult
from workflows.batches.places import Places, ena_accession, places_of, reachable_places_of
from workflows.models import Batch, BatchMember
from workflows.pipelines.declaration import Declared
from workflows.pipelines.tree import Survey, Tree, find, read_tree, survey_tree

KINDS = {"fasta": File.FASTA, "fa": File.FASTA, "faa": File.FASTA, "ffn": File.FASTA, "tsv": File.TSV, "txt": File.TSV}
KINDS |= {"gff": File.GFF, "html": File.HTML, "json": File.JSON, "csv": File.CSV}


def tree_of(batch: Batch, declared: Declared, accession: str, word: str = "") -> Tree:
    """:raises NotReachable: the batch's folder is not there"""
    places = reachable_places_of(batch)
    root = places.outdir / declared.pipeline.root.format(id=accession, study=ena_accession(batch.study))
    asked = asked_of(places, batch.round, accession)
    return read_tree(root, subject=accession, word=word, inside=(places.base, places.work), asked=asked)


def survey_member(batch: Batch, declared: Declared, accession: str, word: str) -> Survey:
    """A member's results beside what its pipeline declares."""
    return survey_tree(tree_of(batch, declared, accession, word), declared)


def files_of(member: BatchMember, declared: Declared) -> dict[str, str]:
    """Paths by ``<slug>.<node>`` of what a completed member left; their content was checked when it was judged."""
    tree = tree_of(member.batch, declared, member.accession, member.word)
    found = {node.name: find(tree, node) for node in declared.nodes}
    return {f"{member.slug}.{name}": str(matches[0].file) for name, matches in found.items() if matches}


def asked_of(places: Places, newest_round: int, accession: str) -> dict[str, Any]:
    """Parameters, and the member's line of the sheet, of the last round that it was in."""
    for number in range(newest_round, 0, -1):
        sheet, params = places.sheet(number), places.params(number)
        if not sheet.is_file() or not params.is_file():
            continue
        with sheet.open(encoding="utf-8", newline="") as file:
            line = next((line for line in csv.DictReader(file) if accession in line.values()), None)
        if line:
            return json.loads(params.read_text()) | line
    return {}


def result_of(
    survey: Survey, declared: Declared, *, pipeline: Mapping[str, Any], others: tuple[tuple[Survey, Declared], ...] = ()
) -> ImportedResult:
    """What a declaration reads out of one tree; files that are not there give no set, empty files an empty one.

    :param pipeline: becomes ``metadata.pipeline``
    :param others: of add-on stages, whose files are offered too
    :raises ValueError: the tree has faults, a parser refuses a file, or a required source is not there
    """
    annotations: dict[str, Any] = {}
    metadata: dict[str, Any] = {"pipeline": pipeline}
    for kind, key, value in _values_of(survey, declared):
        if kind == "metadata":
            metadata[key] = value  # None removes what an older import may have left
        elif value is not None:
            annotations[key] = value
    if missing := set(declared.pipeline.required_sources).difference(annotations):
        raise ValueError(f"no {', '.join(sorted(missing))}, which {declared.pipeline.slug} always has")
    downloads = [one for read, by in ((survey, declared), *others) for one in downloads_of(read, by)]
    quality_control = quality_control_of(survey, declared)
    return ImportedResult(annotations, quality_control, metadata, downloads, str(survey.tree.root))


def assembly_of(survey: Survey, declared: Declared) -> MadeAssembly:
    """:raises ValueError: the tree has faults, or a parser refuses a file"""
    values = {f"{kind}.{key}".removesuffix("."): value for kind, key, value in _values_of(survey, declared)}
    metadata = {name.removeprefix("metadata."): value for name, value in values.items() if name != "assembler"}
    metadata["contaminant_reference"] = survey.tree.asked.get("contaminant_reference") or None
    return MadeAssembly(values["assembler"], metadata, str(survey.tree.root))


def _values_of(survey: Survey, declared: Declared) -> Iterator[tuple[str, str, Any]]:
    """(kind of target, key, value) of all imports but quality control; None where no file is there.

    :raises ValueError: the tree has faults, or a parser refuses a file
    """
    if survey.faults:
        raise ValueError("; ".join(f"{f.path}: {f.found}, expected {f.expected}" for f in survey.faults[:20]))
    for wanted in declared.imports:
        kind, _, key = wanted.target.partition(".")
        files = [survey.matches[name] for name in wanted.nodes]
        if kind != "quality_control":
            yield kind, key, wanted.parse(*files) if any(files) else None


def quality_control_of(survey: Survey, declared: Declared) -> dict[str, Any]:
    """Of the files that are there and sound: a member that failed its control has some of them."""
    faulty = {fault.path for fault in survey.faults}
    told: dict[str, Any] = {}
    for wanted in declared.imports:
        kind, _, key = wanted.target.partition(".")
        files = [survey.matches[name] for name in wanted.nodes]
        if kind == "quality_control" and all(files) and not any(faulty & match.paths.keys() for match in files[0]):
            value = wanted.parse(*files)
            told |= {key: value} if key else value
    return told


def downloads_of(survey: Survey, declared: Declared) -> list[NewDownload]:
    """An entry for each file that the declaration offers and that is not empty, in the declaration's order."""
    return [
        NewDownload(
            path=published_path(declared, match.path),
            alias=rule.alias.format(**match.keys),
            file_type=rule.file_type or _kind(match.path),
            download_type=rule.download_type,
            download_group=rule.group,
            short_description=rule.short,
            long_description=rule.long,
            size_bytes=match.size_bytes,
            index_files=[
                IndexFile.model_validate({"index_type": kind, "path": published_path(declared, f"{match.path}.{kind}")})
                for kind in match.indexes
            ],
        )
        for rule in declared.downloads
        for match in survey.matches[rule.node]
        if match.size_bytes
    ]


def published_path(declared: Declared, path: str) -> str:
    """Below the published folder."""
    return f"{declared.pipeline.below}/{path}".removeprefix("/")


def provenance(batch: Batch, declared: Declared) -> dict[str, Any]:
    """What made the result, but for its job: for ``metadata.pipeline``."""
    places, source = places_of(batch), declared.pipeline.source
    inputs = batch.job.spec["inputs"] if batch.job else {}
    return {
        "slug": batch.slug,
        "label": declared.pipeline.label,
        "name": declared.pipeline.name,
        "version": batch.version,
        "revision": batch.revision,
        "repository": source.url if source else "bundled",
        "tag": source.tag if source else None,
        "batch_key": batch.key,
        "round": batch.round,
        "samplesheet_sha256": inputs.get(str(places.sheet(batch.round))),
        "params_sha256": inputs.get(str(places.params(batch.round))),
    }


def _kind(path: str) -> File:
    return KINDS.get(path.removesuffix(".gz").rpartition(".")[2], File.OTHER)
