"""The folder of one downloaded sample (``spec/pipelines.md`` §3.8); the manifest says everything, sizes prove it.

The pipeline compared every MD5 while it fetched, before a file got its name, so the sums are not made twice: what is
checked here is that each file of the manifest lies in the results with the size it had then.
"""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime

from workflows.pipelines.checks import Cell, open_text, table
from workflows.pipelines.declaration import Fault, Judgement, Node
from workflows.pipelines.tree import Survey, Tree

REASONS = ("no_fastq", "bad_report", "http_error", "timeout", "size_mismatch", "md5_mismatch", "too_large")
INCOMPLETE = "incomplete"  # of a file whose run failed by another of its files
MANIFEST = table(
    *[
        Cell("sample"),
        Cell("run", r"[A-Z]+[0-9]+"),
        Cell("file", r"\S*"),
        Cell("url", r"\S*"),
        Cell("bytes", r"[0-9]*"),
    ],
    *[Cell("md5", r"[0-9a-f]*"), Cell("status", "|".join(("ok", INCOMPLETE, *REASONS))), Cell("seconds", r"[0-9.]*")],
)
NODES = (
    Node("manifest", "manifest.tsv", checks=(MANIFEST,)),
    Node("sums", "checksums.md5", may_be_empty=True),
    Node("downloaded", "downloaded_runs.csv", may_be_empty=True),
    Node("failed", "failed_runs.csv", may_be_empty=True),
    Node(
        "reads",
        "{run}/{file}",
        need=lambda _tree: False,
        where={"run": "[A-Z]+[0-9]+", "file": r"[^/]+\.gz"},
        count=(0, None),
    ),
)


def _lines(tree: Tree, name: str, delimiter: str) -> list[list[str]]:
    if not tree.size(name):
        return []
    with open_text(tree.root / name) as file:
        return [line for line in csv.reader(file, delimiter=delimiter) if line]


def _files(tree: Tree) -> Iterator[tuple[str, str, str, str]]:
    """(run, path in the tree, bytes, md5) of each file the manifest calls good."""
    for line in _lines(tree, "manifest.tsv", "\t")[1:]:
        if len(line) == 8 and line[6] == "ok":
            run, file = line[1], line[2]
            yield run, f"{run}/{file.rpartition('/')[2]}", line[4], line[5]


def files_are_as_listed(tree: Tree) -> Iterator[Fault]:
    for _run, path, size, _md5 in _files(tree):
        found = tree.size(path)
        if found is None or str(found) != size:
            yield Fault(path, "size", "missing" if found is None else f"{found} bytes", f"{size} bytes")


RULES = (files_are_as_listed,)


def judge(tree: Tree, _survey: Survey) -> Judgement:
    """Verdict and result of a sound tree: ``{"runs": [{run, word}], "files": [{run, path, size_bytes, md5, …}]}``."""
    good = [(line[0], "ok") for line in _lines(tree, "downloaded_runs.csv", ",")]
    bad = [(line[0], line[1]) for line in _lines(tree, "failed_runs.csv", ",")]
    verified_at = datetime.fromtimestamp((tree.root / "manifest.tsv").stat().st_mtime, UTC).isoformat()
    result = {
        "runs": [{"run": run, "word": word} for run, word in sorted(good + bad)],
        "files": [
            {"run": run, "path": path, "size_bytes": int(size), "md5": md5, "verified_at": verified_at}
            for run, path, size, md5 in _files(tree)
        ],
    }
    if bad:
        return Judgement("failed", "partly" if good else "failed", result)
    return Judgement("completed", "downloaded" if good else "no_runs", result)
