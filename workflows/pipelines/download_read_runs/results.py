"""The folder of one downloaded sample (``spec/pipelines.md`` §3.8); the manifest says everything, sizes prove it.

The pipeline compared every MD5 while it fetched, before a file got its name, so the sums are not made twice: what is
checked here is that each file of the manifest lies in the results with the size it had then.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from workflows.pipelines.declaration import Fault, Judgement, Node, optional
from workflows.pipelines.tables import Cell, table
from workflows.pipelines.tree import Tree

REASONS = ("no_fastq", "bad_report", "http_error", "timeout", "size_mismatch", "md5_mismatch", "too_large")
INCOMPLETE = "incomplete"  # of a file whose run failed by another of its files
MANIFEST = table(
    Cell("sample"),
    Cell("run", r"[A-Z]+[0-9]+"),
    Cell("file", r"\S*"),
    Cell("url", r"\S*"),
    Cell("bytes", r"[0-9]*"),
    Cell("md5", r"[0-9a-f]*"),
    Cell("status", "|".join(("ok", INCOMPLETE, *REASONS))),
    Cell("seconds", r"[0-9.]*"),
)
NODES = (
    Node("manifest", "manifest.tsv", check=MANIFEST),
    Node("sums", "checksums.md5", may_be_empty=True),
    Node("downloaded", "downloaded_runs.csv", may_be_empty=True),
    Node("failed", "failed_runs.csv", may_be_empty=True),
    Node("reads", "{run:[A-Z]+[0-9]+}/{file:[^/]+}", optional, most=None),
)


def _rows(tree: Tree) -> Iterator[tuple[str, ...]]:
    """The manifest's rows; a bad one is a fault of the manifest."""
    for row in MANIFEST(tree.root / "manifest.tsv") if tree.size("manifest.tsv") else ():
        if not isinstance(row, Fault):
            yield row


def _files(tree: Tree) -> Iterator[tuple[str, str, str, str]]:
    """(run, path in the tree, bytes, md5) of each file the manifest calls good."""
    for _sample, run, file, _url, size, md5, status, _seconds in _rows(tree):
        if status == "ok":
            yield run, f"{run}/{file}", size, md5


def files_are_as_listed(tree: Tree) -> Iterator[Fault]:
    for _run, path, size, _md5 in _files(tree):
        found = tree.size(path)
        if str(found) != size:
            yield Fault(path, "size", "missing" if found is None else f"{found} bytes", f"{size} bytes")


RULES = (files_are_as_listed,)


def judge(tree: Tree) -> Judgement:
    """Verdict and result of a sound tree: ``{"runs": [{run, word}], "files": [{run, path, size_bytes, md5, …}]}``."""
    words = {run: word for _, run, *_, word, _ in _rows(tree) if word != INCOMPLETE}
    verified_at = datetime.fromtimestamp((tree.root / "manifest.tsv").stat().st_mtime, UTC).isoformat()
    result = {
        "runs": [{"run": run, "word": word} for run, word in sorted(words.items())],
        "files": [
            {"run": run, "path": path, "size_bytes": int(size), "md5": md5, "verified_at": verified_at}
            for run, path, size, md5 in _files(tree)
        ],
    }
    if set(words.values()) <= {"ok"}:
        return Judgement("completed", "downloaded" if words else "no_runs", result)
    return Judgement("failed", "partly" if "ok" in words.values() else "failed", result)
