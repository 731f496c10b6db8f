"""What a pipeline declares: frozen types, no behaviour (``spec/pipelines.md`` §1)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from analyses.models import DownloadFileType, DownloadType

if TYPE_CHECKING:
    from emgapiv2.config import EMGConfig
    from workflows.pipelines.tree import Tree

Scalar = str | int | float | bool


@dataclass(frozen=True)
class Git:
    """Where a pipeline is kept that is not ours, pinned to one commit; ``tag`` must resolve to it."""

    url: str
    revision: str
    tag: str | None = None


@dataclass(frozen=True)
class Pipeline:
    """Identity, resources and batching of one pipeline (§1.1).

    ``settings`` names its group in ``EMG_CONFIG``. A parameter is a function that reads it from the settings, where
    None leaves it out, or a constant. In its text ``{sheet}``, ``{outdir}`` and ``{subjects}``, the comma list of the
    round's accessions, are the platform's; a text that is just ``{private}``, whether the study is not public, or
    ``{functional_analysis}`` or ``{no_functional_analysis}``, what the curator chose, becomes that truth value. What
    the head asks of the scheduler the tasks do not share. ``site_references``: columns of the sheet that hold a file
    which only the site can name, in the ``references`` of its settings.

    ``root``: the folder of a member's tree below the outdir, of ``{id}`` and ``{study}``. ``below``: where that tree
    lies in the published folder. ``after``: an add-on stage on the members of that pipeline.
    """

    slug: str
    label: str
    name: str
    version: str
    subject: Literal["run", "sample", "assembly"]
    settings: str
    params: "Mapping[str, Scalar | Callable[[EMGConfig], Scalar | None]]"
    head_memory_mib: int
    head_minutes: int
    batch_size: int
    source: Git | None = None  # None: this folder
    pipeline_version: str | None = None  # None: it makes no analysis of its own
    makes_assemblies: bool = False
    experiment_types: frozenset[str] = frozenset()
    after: str | None = None
    root: str = "{id}"
    below: str = ""
    results_of: str | None = None  # the slug whose results.py and importer.py serve here too
    required_sources: tuple[str, ...] = ()
    site_params: tuple[str, ...] = ()
    site_references: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()  # variables for studies that are not public; each has a file of its name
    environments: frozenset[str] | None = None  # None: everywhere
    main: str = "main.nf"


@dataclass(frozen=True)
class Column:
    """One column of a samplesheet (§1.2). ``pattern`` must match the whole value."""

    name: str
    type: Literal["accession", "reads", "path", "bool", "int", "text"]
    pattern: str | None = None
    required: bool = True
    unique: bool = False


@dataclass(frozen=True)
class Member:
    """A subject as a sheet sees it: every value from the same database row.

    ``study``: the preferred accession of the study it was sequenced for. ``fastq_files``: as ``ena.files`` chose them,
    read 1 first. ``facts``: what else is known, by the names of the models' fields. ``files``: of an add-on stage, the
    member's files of the stages before it, by ``<slug>.<node>``. ``edits``: cells that a person wrote, by column.
    """

    accession: str
    fastq_files: Sequence[Mapping[str, Any]] = ()
    study: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    edits: Mapping[str, str] = field(default_factory=dict)


Row = Callable[[Member, "EMGConfig"], Mapping[str, object]]


def never_refused(_member: Member) -> str | None:
    return None


@dataclass(frozen=True)
class Report:
    """An end-of-run file of (subject, word) lines (§1.3). ``words``: each known reason and its meaning.

    ``open``: reasons are free text. ``after_assembly``: those of a fail report that judge what was assembled.
    """

    file: str
    role: Literal["pass", "fail"]
    words: Mapping[str, str]
    open: bool = False
    after_assembly: frozenset[str] = frozenset()

    def knows(self, word: str) -> bool:
        return word in self.words or (self.open and bool(word))


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
    ``need``: whether the tree must have it; ``most``: how many there may be, None for any number. ``index``: the types
    of indexes it must have beside it; others are taken as they come.
    """

    name: str
    path: str | tuple[str, ...]
    need: "Callable[[Tree], bool]" = mandatory
    most: int | None = 1
    may_be_empty: bool = False
    check: Check | None = None
    index: tuple[str, ...] = ()
    publish: bool = True

    @property
    def templates(self) -> tuple[str, ...]:
        return (self.path,) if isinstance(self.path, str) else self.path


Rule = Callable[["Tree"], Iterable[Fault]]


@dataclass(frozen=True)
class Judgement:
    """The verdict on a member that no report speaks of; ``result`` is kept with the member.

    ``verdict`` None: a person must look, ``word`` says at what. ``proven``: the tree shows it however the job ended.
    """

    verdict: Literal["completed", "failed"] | None
    word: str
    result: Mapping[str, Any] = field(default_factory=dict)
    proven: bool = True


@dataclass(frozen=True)
class Summary:
    """One table of a study: rows are keys, columns are the published analyses (§1.7).

    Its cells come from an annotation ``source``, or from the published files of a ``node``, read by its check. ``keys``
    and ``value`` are names of a record, or places in a row. In the label ``{region}`` is the node's placeholder, and
    each region has a table of its own. ``index``: the heads of the key columns.
    """

    ending: ClassVar = "_study_summary.tsv"
    label: str
    group: str
    source: str = ""
    node: str = ""
    index: tuple[str, ...] = ("taxonomy",)
    keys: tuple[Any, ...] = ("organism",)
    value: Any = "count"
    functional: bool = False


@dataclass(frozen=True)
class DarwinCore:
    """One table of a study in the words of Darwin Core: a row for each taxon, or each ASV, of a run (§4.10).

    Taxa are records of an annotation ``source``. ASVs are of the published files of four ``nodes``: their reads by
    region, lineages, best hits and sequences. ``ranks``: column by the letters before a name. ``otus``: the file of the
    database's lineages and their taxon ids.
    """

    ending: ClassVar = "_dwcready.csv"
    label: str
    group: str
    database: str
    ranks: Mapping[str, str]
    source: str = ""
    nodes: tuple[str, ...] = ()
    otus: str = ""


@dataclass(frozen=True)
class Import:
    """Files of the named nodes become one value. ``parse`` gets one list of files a node, in their order.

    ``target``: ``annotations.<source>`` (list of records), ``metadata.<key>``, ``quality_control`` or a key of it; of a
    pipeline that makes assemblies also ``assembler``, a (name, version).
    """

    nodes: tuple[str, ...]
    target: str
    parse: "Callable[..., Any]"


@dataclass(frozen=True)
class DownloadRule:
    """Each file of a node becomes a download. ``alias``: of ``{name}``, ``{id}`` and the node's placeholders.

    ``file_type`` None: as the file's name says.
    """

    node: str
    group: str
    download_type: DownloadType
    file_type: DownloadFileType | None
    short: str
    long: str
    alias: str = "{name}"


@dataclass(frozen=True)
class Declared:
    """A pipeline's folder, read.

    ``judge``: of members that no report speaks of and whose tree decides, by ``judged_by_tree``. ``refusal``: why a
    member is not to be planned, as one that would stop all others.
    """

    pipeline: Pipeline
    columns: tuple[Column, ...]
    row: Row
    reports: tuple[Report, ...]
    nodes: tuple[Node, ...]
    rules: tuple[Rule, ...] = ()
    closed_folders: Mapping[str, frozenset[str]] = field(default_factory=dict)
    judge: "Callable[[Tree], Judgement] | None" = None
    judged_by_tree: "Callable[[Tree], bool]" = mandatory
    refusal: "Callable[[Member], str | None]" = never_refused
    summaries: tuple[Summary, ...] = ()
    darwin_core: tuple[DarwinCore, ...] = ()
    imports: tuple[Import, ...] = ()
    downloads: tuple[DownloadRule, ...] = ()

    @property
    def tables(self) -> tuple[Summary | DarwinCore, ...]:
        """What is served of a whole study."""
        return (*self.summaries, *self.darwin_core)
