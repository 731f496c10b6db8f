"""Copies result files and proves it: the one program that does (``spec/cluster-jobs.md`` §6.3).

``python3 copier.py <plan> <report> [--move] [--sums <name>]``. Runs on a node: standard library, Python 3.9.

Plan, JSON lines: ``{"source", "target", "path", "bytes", "sha256"}``; ``target`` is a folder that is put in place
whole, ``path`` lies below it, ``sha256`` may be null. Report, JSON lines: ``{"target", "path", "bytes", "sha256",
"md5", "skipped"}`` a file and ``{"target", "error", "path", "bytes"}`` for a folder that could not be made; its last
line is ``{"files", "bytes", "sha256"}``, the sum over the lines before. A folder that fails leaves its target as it
was, and the others go on. Exit 0 only if every folder is in place.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

CHUNK_BYTES = 1 << 20
INCOMING, REPLACED = ".incoming-", ".replaced-"


class CopyFailed(Exception):
    """One file could not be copied. ``path`` and ``size_bytes`` are told in the report."""

    def __init__(self, reason: str, path: Path | str, size_bytes: int | None) -> None:
        super().__init__(reason)
        self.path, self.size_bytes = str(path), size_bytes


def digests(path: Path) -> tuple[int, str, str]:
    """(bytes, SHA-256, MD5) as they are read back from the file system."""
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            sha256.update(chunk)
            md5.update(chunk)
            size += len(chunk)
    return size, sha256.hexdigest(), md5.hexdigest()


def copy_file(line: dict, target: Path) -> dict:
    """Copy one file of the plan, then read the copy again and compare.

    :raises CopyFailed: the source is missing, short or changed; the disk is full; the copy differs
    """
    source = Path(line["source"])
    try:
        expected = source.stat().st_size
    except OSError as error:
        raise CopyFailed(f"source: {error.strerror}", source, line["bytes"]) from error
    if line["bytes"] is not None and expected != line["bytes"]:
        raise CopyFailed(f"source has {expected} bytes, planned were {line['bytes']}", source, line["bytes"])
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        written = _copy_bytes(source, target)
        size, sha256, md5 = digests(target)
    except OSError as error:
        raise CopyFailed(f"{type(error).__name__}: {error.strerror}", error.filename or target, expected) from error
    if (size, sha256) != (expected, written):
        raise CopyFailed(f"copy has {size} bytes and SHA-256 {sha256}, read were {written}", target, expected)
    if line["sha256"] not in (None, sha256):
        raise CopyFailed(f"SHA-256 {sha256}, planned was {line['sha256']}", source, expected)
    return {"target": line["target"], "path": line["path"], "bytes": size, "sha256": sha256, "md5": md5}


def _copy_bytes(source: Path, target: Path) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("wb") as writer:
        while chunk := reader.read(CHUNK_BYTES):
            digest.update(chunk)
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest()


def already_there(lines: list[dict], target: Path, sums: str | None, proved: dict) -> list[dict] | None:
    """The report of a folder that holds exactly the plan's files with equal bytes; None if anything differs.

    :param proved: SHA-256 by (target, path) of a former report: stands for sources that a move has removed since
    """
    if _files_below(target) != _wanted(lines, sums):
        return None
    report = []
    for line in lines:
        source = Path(line["source"])
        size, sha256, md5 = digests(target / line["path"])
        expected = digests(source)[1] if source.is_file() else proved.get((line["target"], line["path"]))
        if sha256 != expected or line["sha256"] not in (None, sha256) or line["bytes"] not in (None, size):
            return None
        report.append({"target": line["target"], "path": line["path"], "bytes": size, "sha256": sha256, "md5": md5})
    return [{**entry, "skipped": True} for entry in report]


def _files_below(target: Path) -> set[str]:
    return {str(path.relative_to(target)) for path in target.rglob("*") if not path.is_dir()}


def _wanted(lines: list[dict], sums: str | None) -> set[str]:
    return {line["path"] for line in lines} | ({sums} if sums else set())


def make_folder(lines: list[dict], target: Path, sums: str | None, proved: dict, *, move: bool = False) -> list[dict]:
    """Bring one target folder into place.

    1. Put an old folder back that a killed copier had moved aside; throw away what it had begun.
    2. If everything is there already, say so.  3. Copy into ``.incoming-…``, verifying each file.
    4. Move the old folder aside, the new one into place, and only then remove the old one.

    :param move: the sources go afterwards, so a file that only the old folder has may be the last of its kind
    :raises CopyFailed: the target is as it was
    """
    for left in target.parent.glob(target.name + REPLACED + "*"):
        if target.exists():
            shutil.rmtree(left)
        else:
            left.rename(target)
    for left in target.parent.glob(target.name + INCOMING + "*"):
        shutil.rmtree(left)
    if report := already_there(lines, target, sums, proved):
        return report
    if move and (others := _files_below(target) - _wanted(lines, sums)):
        raise CopyFailed("is in the target and not in the plan: a move replaces no file", target / min(others), None)
    token = secrets.token_hex(6)
    incoming, replaced = (target.with_name(target.name + infix + token) for infix in (INCOMING, REPLACED))
    try:
        report = [{**copy_file(line, incoming / line["path"]), "skipped": False} for line in lines]
        if sums:
            _write_sums(incoming / sums, report)
        if target.exists():
            target.rename(replaced)
        _sync_folders(incoming)
        incoming.rename(target)
        _sync(target.parent)
    except (OSError, CopyFailed) as error:
        if replaced.exists() and not target.exists():
            replaced.rename(target)
        shutil.rmtree(incoming, ignore_errors=True)
        if isinstance(error, CopyFailed):
            raise
        raise CopyFailed(f"{type(error).__name__}: {error.strerror}", error.filename or target, None) from error
    shutil.rmtree(replaced, ignore_errors=True)
    return report


def _sync_folders(root: Path) -> None:
    """The names too must outlive the machine: a move removes its sources next."""
    for folder, _, _ in os.walk(root):
        _sync(Path(folder))


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_sums(path: Path, report: list[dict]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{entry['sha256']}  {entry['path']}\n" for entry in sorted(report, key=lambda e: e["path"]))
        file.flush()
        os.fsync(file.fileno())


def write_report(path: Path, entries: list[dict]) -> None:
    lines = [json.dumps(entry, sort_keys=True) for entry in entries]
    total = {
        "files": sum("error" not in entry for entry in entries),
        "bytes": sum(entry["bytes"] for entry in entries if "error" not in entry),
        "sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    }
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        file.write("\n".join([*lines, json.dumps(total, sort_keys=True)]) + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def set_aside(report: Path) -> dict:
    """A report of before must not speak for this copy; what it proved is the SHA-256 by (target, path)."""
    previous = report.with_name(report.name + ".previous")
    if report.exists():
        report.replace(previous)
    if not previous.exists():
        return {}
    entries = [json.loads(line) for line in previous.read_text(encoding="utf-8").splitlines()]
    return {(entry["target"], entry["path"]): entry["sha256"] for entry in entries if "md5" in entry}


def read_plan(path: Path) -> dict[str, list[dict]]:
    """The lines of a plan by target folder. :raises SystemExit: a line that would leave its target"""
    folders: dict[str, list[dict]] = {}
    for text in path.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        inside = Path(line["path"])
        if inside.is_absolute() or ".." in inside.parts or not Path(line["target"]).is_absolute():
            raise SystemExit(f"{path}: {line['path']!r} is not a path below {line['target']!r}")
        folders.setdefault(line["target"], []).append(line)
    return folders


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Copies files and proves it.")
    parser.add_argument("plan", type=Path)
    parser.add_argument("report", type=Path)
    parser.add_argument("--move", action="store_true", help="remove each source after its verified copy")
    parser.add_argument("--sums", help="name of a SHA-256 sum file written into each target")
    options = parser.parse_args(arguments)
    proved = set_aside(options.report)
    entries: list[dict] = []
    copied: list[dict] = []
    failed = False
    for target, lines in read_plan(options.plan).items():
        try:
            entries += make_folder(lines, Path(target), options.sums, proved, move=options.move)
        except CopyFailed as failure:
            failed = True
            entries.append({"target": target, "error": str(failure), "path": failure.path, "bytes": failure.size_bytes})
            sys.stderr.write(f"{failure.path} ({failure.size_bytes} bytes): {failure}\n")
        else:
            copied += lines
    write_report(options.report, entries)
    # Only now: a mover that is killed finds in its report what it need not have any more.
    for line in copied if options.move else ():
        Path(line["source"]).unlink(missing_ok=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
