"""The result files of one member, listed once and compared with the declaration (``spec/pipelines.md`` §1.4).

Nothing is opened for writing, and no link is followed out of the batch's own folders.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from workflows.pipelines.checks import BROKEN_GZIP, INDEXES, whole
from workflows.pipelines.declaration import Check, Declared, Fault, Node, Rule

SUBJECT = "SUBJECT0"  # an accession that none has: in its place a template is one pattern for all members
PLACEHOLDER = re.compile(r"\{(?P<name>\w+)(?::(?P<regex>[^{}]+))?\}")


@dataclass(frozen=True)
class Tree:
    """``sizes``: bytes by path below ``root``. ``outside``: links that lead out of the batch's folders, or nowhere.

    ``asked``: what the round was asked for, its parameters and the member's line of the sheet by their names.
    """

    root: Path
    id: str
    word: str
    sizes: Mapping[str, int]
    folders: frozenset[str]
    outside: tuple[str, ...] = ()
    asked: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def shapes(self) -> dict[str, str]:
        """Paths by what they are with the member's accession left out."""
        return {path.replace(self.id, SUBJECT): path for path in self.sizes}

    def size(self, path: str) -> int | None:
        return self.sizes.get(path.format(id=self.id))

    def subfolders(self, folder: str) -> list[str]:
        inside = (path.removeprefix(folder + "/") for path in self.folders if path.startswith(folder + "/"))
        return sorted(name for name in inside if "/" not in name)


@dataclass(frozen=True)
class Match:
    """A file that a node names; ``keys`` are what its placeholders stand for, ``id`` and ``name`` among them.

    ``indexes``: bytes by type of the indexes beside it. ``rows``: what a check has read of it, so as
    to read it once.
    """

    root: Path
    path: str
    size_bytes: int
    keys: Mapping[str, str]
    indexes: Mapping[str, int]
    rows: dict[Check, list[Any]] = field(default_factory=dict, compare=False)

    @property
    def file(self) -> Path:
        return self.root / self.path

    @property
    def paths(self) -> dict[str, int]:
        """Bytes by path: of the file and its indexes."""
        return {self.path: self.size_bytes} | {f"{self.path}.{kind}": size for kind, size in self.indexes.items()}


@dataclass(frozen=True)
class Survey:
    """A tree beside its declaration."""

    tree: Tree
    matches: Mapping[str, tuple[Match, ...]]
    faults: tuple[Fault, ...]

    @property
    def unexpected(self) -> list[str]:
        """Files nobody declared: no fault, and published by nobody."""
        declared = {path for matches in self.matches.values() for match in matches for path in match.paths}
        return sorted(set(self.tree.sizes) - declared)


def read_tree(
    root: Path, *, subject: str, word: str, inside: Sequence[Path], asked: Mapping[str, Any] | None = None
) -> Tree:
    """List a member's folder; one that is not there is an empty tree.

    :param inside: the folders that links may lead into
    """
    roots = [os.path.realpath(folder) for folder in inside]
    sizes: dict[str, int] = {}
    folders: set[str] = set()
    outside: list[str] = []
    if root.is_symlink():
        outside.append("")
    waiting = [root] if root.is_dir() and not outside else []
    while waiting:
        for entry in os.scandir(waiting.pop()):
            path = str(Path(entry.path).relative_to(root))
            real = os.path.realpath(entry.path)
            if entry.is_symlink() and not any(os.path.commonpath([real, folder]) == folder for folder in roots):
                outside.append(path)
            elif entry.is_dir(follow_symlinks=False):
                folders.add(path)
                waiting.append(Path(entry.path))
            elif entry.is_file():
                sizes[path] = entry.stat().st_size
            else:
                outside.append(path)  # a link to nothing or to a folder, a pipe, a device
    listed = dict(sorted(sizes.items()))
    return Tree(root, subject, word, listed, frozenset(folders), tuple(sorted(outside)), asked or {})


def survey_tree(tree: Tree, declared: Declared) -> Survey:
    """All faults of a tree, sorted; one fault never hides another."""
    matches = {node.name: find(tree, node) for node in declared.nodes}
    imported = {name for wanted in declared.imports for name in wanted.nodes}
    faults = [Fault(path, "points_outside", "a link", "a file of this batch") for path in tree.outside]
    for node in declared.nodes:
        faults += _presence_faults(tree, node, matches[node.name])
        for match in matches[node.name]:
            faults += _content_faults(node, match, keeps_rows=node.name in imported)
    for rule in declared.rules:
        faults += rule(tree)
    for folder, allowed in declared.closed_folders.items():
        faults += [
            Fault(f"{folder}/{name}", "unexpected_folder", name, ", ".join(sorted(allowed)))
            for name in tree.subfolders(folder)
            if name not in allowed
        ]
    return Survey(tree, matches, tuple(sorted(set(faults))))


def find(tree: Tree, node: Node) -> tuple[Match, ...]:
    """The files a node names: of several templates those of the first that has any."""
    for template in node.templates:
        if found := _paths(tree, template):
            return tuple(
                Match(
                    root=tree.root,
                    path=path,
                    size_bytes=tree.sizes[path],
                    keys={"name": Path(path).name, "id": tree.id, **keys},
                    indexes={kind: tree.sizes[f"{path}.{kind}"] for kind in INDEXES if f"{path}.{kind}" in tree.sizes},
                )
                for path, keys in found
            )
    return ()


def _paths(tree: Tree, template: str) -> list[tuple[str, dict[str, str]]]:
    """Paths that a template names, and what its placeholders stand for. Most name one path, which needs no pattern."""
    if ":" not in template:
        path = template.replace("{id}", tree.id)
        return [(path, {})] if path in tree.sizes else []
    pattern = _pattern(template)
    return [
        (path, {name: value.replace(SUBJECT, tree.id) for name, value in match.groupdict().items()})
        for shape, path in tree.shapes.items()
        if (match := pattern.fullmatch(shape))
    ]


def in_folder(folder: str) -> Callable[[Tree], bool]:
    """A need: of a file that must be there where its folder is."""
    return lambda tree: folder in tree.folders


def has_folders(*folders: str) -> Rule:
    """A rule: folders that are there though nothing need be in them."""

    def rule(tree: Tree) -> Iterator[Fault]:
        yield from (
            Fault(folder, "mandatory", "missing", "a folder") for folder in folders if folder not in tree.folders
        )

    return rule


def unknown_placeholders(template: str) -> set[str]:
    """Names in a template that stand for nothing."""
    hits = list(PLACEHOLDER.finditer(template))
    return {hit["name"] for hit in hits} - {hit["name"] for hit in hits if hit["regex"]} - {"id"}


@cache
def _pattern(template: str) -> re.Pattern[str]:
    pieces, end = [], 0
    for hit in PLACEHOLDER.finditer(template):
        pieces.append(re.escape(template[end : hit.start()]))
        again = SUBJECT if hit["name"] == "id" else f"(?P={hit['name']})"
        pieces.append(f"(?P<{hit['name']}>{hit['regex']})" if hit["regex"] else again)
        end = hit.end()
    return re.compile("".join([*pieces, re.escape(template[end:])]), re.ASCII)


def _presence_faults(tree: Tree, node: Node, found: Sequence[Match]) -> Iterator[Fault]:
    shown = node.templates[0].replace("{id}", tree.id)
    if node.need(tree) and not found:
        yield Fault(shown, "mandatory", "missing", "a file")
    if node.most is not None and len(found) > node.most:
        yield Fault(shown, "count", f"{len(found)} files", f"at most {node.most}")


def _content_faults(node: Node, match: Match, *, keeps_rows: bool) -> Iterator[Fault]:
    for kind in node.index:
        if kind not in match.indexes:
            yield Fault(f"{match.path}.{kind}", "mandatory", "missing", "an index")
    for kind in match.indexes:
        yield from _read(match.root, f"{match.path}.{kind}", INDEXES[kind])
    check = node.check or (whole if match.path.endswith(".gz") else None)
    if match.size_bytes and check:
        yield from _read(match.root, match.path, check, match.rows.setdefault(check, []) if keeps_rows else None)
    elif not match.size_bytes and not node.may_be_empty:
        yield Fault(match.path, "not_empty", "0 bytes", "content")


def _read(root: Path, path: str, check: Check, rows: list[Any] | None = None) -> Iterator[Fault]:
    """:param rows: takes what the check reads besides faults"""
    try:
        for told in check(root / path):
            if isinstance(told, Fault):
                yield replace(told, path=path)
            elif rows is not None:
                rows.append(told)
    except BROKEN_GZIP as error:
        yield Fault(path, "gzip_whole", f"{type(error).__name__}: {error}"[:300], "a whole gzip file")
    except (PermissionError, ValueError, RecursionError) as error:  # what else the disk says may be better next time
        yield Fault(path, "readable", f"{type(error).__name__}: {error}"[:300], "a file that can be read whole")
