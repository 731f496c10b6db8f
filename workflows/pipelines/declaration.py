"""What a pipeline declares: frozen types, no behaviour (``spec/pipelines.md`` §1)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from analyses.models import DownloadFileType, DownloadType

if TYPE_CHECKING:
    from emgapiv2.config import EMGConfig
    from workflows.pipelines.tree import Tree

Scalar = str | int | float | bool


@dataclass(frozen=True)
class Pipeline:
    """Identity, resources and batching of one pipeline (§1.1).

    ``settings`` names its group in ``EMG_CONFIG``. A parameter is a function that reads it from the settings, where
    None leaves it out, or a constant, in whose text ``{sheet}``, ``{outdir}`` and ``{subjects}``, the comma list of the
    round's accessions, are the platform's. What the head asks of the scheduler the tasks do not share.
    """

    slug: str
    label: str
    name: str
    version: str
    subject: Literal["run", "sample"]
    settings: str
    params: "Mapping[str, Scalar | Callable[[EMGConfig], Scalar | None]]"
    head_memory_mib: int
    head_minutes: int
    batch_size: int
    pipeline_version: str | None = None  # None: it makes no analysis
    experiment_types: frozenset[str] = frozenset()
    results_of: str | None = None  # the slug whose results.py and importer.py serve here too
    required_sources: tuple[str, ...] = ()
    site_params: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()  # variables for studies that are not public; each has a file of its name
    environments: frozenset[str] | None = None  # None: everywhere
    main: str = "main.nf"


@dataclass(frozen=True)
class Column:
    """One column of a samplesheet (§1.2). ``pattern`` must match the whole value."""

    name: str
    type: Literal["accession", "reads", "bool", "text"]
    pattern: str | None = None
    required: bool = True
    unique: bool = False


@dataclass(frozen=True)
class Member:
    """A subject as a sheet sees it: every value from the same database row.

    ``fastq_files``: as ``ena.files`` chose them, read 1 first.
    """

    accession: str
    fastq_files: Sequence[Mapping[str, Any]] = ()


Row = Callable[[Member, "EMGConfig"], Mapping[str, object]]


@dataclass(frozen=True)
class Report:
    """An end-of-run file of (subject, word) lines (§1.3). ``words``: each known reason and its meaning."""

    file: str
    role: Literal["pass", "fail"]
    words: Mapping[str, str]


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong with one file of a tree. A content check leaves the path empty: it knows not whose file it is."""

    path: str
    rule: str
    found: str
    expected: str


Check = Callable[[Path], Iterable[object]]  # a reader yields its rows too; what is no Fault is none


def mandatory(_tree: "Tree") -> bool:
    return True


def optional(_tree: "Tree") -> bool:
    return False


@dataclass(frozen=True)
class Node:
    """A file, or a family of files, of a member's tree (§1.4).

    ``path``: template, or several of which the first found wins. ``{id}`` is the subject; any other placeholder brings
    its regular expression along, ``{gene:SSU|LSU}``, and ``{gene}`` further on is the same text again.
    ``need``: whether the tree must have it; ``most``: how many there may be, None for any number.
    """

    name: str
    path: str | tuple[str, ...]
    need: "Callable[[Tree], bool]" = mandatory
    most: int | None = 1
    may_be_empty: bool = False
    check: Check | None = None

    @property
    def templates(self) -> tuple[str, ...]:
        return (self.path,) if isinstance(self.path, str) else self.path


Rule = Callable[["Tree"], Iterable[Fault]]


@dataclass(frozen=True)
class Judgement:
    """The verdict of a pipeline whose tree alone decides; ``result`` is kept with the member."""

    verdict: Literal["completed", "failed"]
    word: str
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """One table of a study: rows are keys of an annotation source, columns are the published analyses (§1.7)."""

    source: str
    label: str
    group: str
    index: str = "taxonomy"


@dataclass(frozen=True)
class Import:
    """Files of the named nodes become one value. ``parse`` gets one list of files a node, in their order.

    ``target``: ``annotations.<source>`` (list of records), ``metadata.<key>`` or ``quality_control``.
    """

    nodes: tuple[str, ...]
    target: str
    parse: "Callable[..., Any]"


@dataclass(frozen=True)
class DownloadRule:
    """Each file of a node becomes a download. ``alias``: of ``{name}``, ``{id}`` and the node's placeholders."""

    node: str
    group: str
    download_type: DownloadType
    file_type: DownloadFileType
    short: str
    long: str
    alias: str = "{name}"


@dataclass(frozen=True)
class Declared:
    """A pipeline's folder, read."""

    pipeline: Pipeline
    columns: tuple[Column, ...]
    row: Row
    reports: tuple[Report, ...]
    nodes: tuple[Node, ...]
    rules: tuple[Rule, ...] = ()
    closed_folders: Mapping[str, frozenset[str]] = field(default_factory=dict)
    judge: "Callable[[Tree], Judgement] | None" = None
    summaries: tuple[Summary, ...] = ()
    imports: tuple[Import, ...] = ()
    downloads: tuple[DownloadRule, ...] = ()
