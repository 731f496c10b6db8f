#!/usr/bin/env python3
"""DOWNLOAD_RUN: fetch and verify the files of one run, all or none; a bad run is a verdict, not a failure.

JSON on stdin: a row of ``runs.jsonl`` and ``published`` (the sample's results), ``reads_url_root``, ``url_schemes``,
``tries``, ``timeout_seconds``, ``max_bytes``. Files land in ``<sample>/<run>/``, one manifest row a file in
``<sample>.<run>.tsv``. A published file with the right sum is kept and not fetched again. Standard library, Python 3.9.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import exits
from fetch_reads import FetchFailed, fetch, md5_of, without_credentials

NAME, MD5 = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*"), re.compile(r"[0-9a-f]{32}")
INCOMPLETE = "incomplete"  # nothing is wrong with this file, but another of the run is not to be had


class ReadFile(NamedTuple):
    name: str
    urls: list[str]
    size: int
    md5: str


class Refused(Exception):
    """Nothing of this run can be fetched; the word says why."""


def files_of(row: dict[str, str], *, root: str, schemes: list[str], max_bytes: int) -> list[ReadFile]:
    """What ENA lists for a run.

    :raises Refused: ``no_fastq``, ``bad_report``, ``too_large``
    """
    lists = [row[field].split(";") if row[field] else [] for field in ("fastq_ftp", "fastq_md5", "fastq_bytes")]
    paths, sums, sizes = lists
    if not any(lists):
        raise Refused("no_fastq")
    names = [path.rpartition("/")[2] for path in paths]
    well_formed = (
        len(paths) == len(sums) == len(sizes) == len(set(names))
        and all(map(NAME.fullmatch, names))
        and all(map(MD5.fullmatch, sums))
        and all(size.isdigit() for size in sizes)
        and not any(".." in path.split("/") for path in paths)
    )
    if not well_formed:
        raise Refused("bad_report")
    if 0 < max_bytes < sum(map(int, sizes)):
        raise Refused("too_large")
    return [
        ReadFile(names[place], urls_of(path, root=root, schemes=schemes), int(sizes[place]), sums[place])
        for place, path in enumerate(paths)
    ]


def urls_of(path: str, *, root: str, schemes: list[str]) -> list[str]:
    """Addresses to try, in order, for a scheme-less path as ENA writes it: ``ftp.sra.ebi.ac.uk/vol1/…``."""
    host, _, rest = path.partition("://")[2].partition("/") if "://" in path else path.partition("/")
    if root:
        return [f"{root.rstrip('/')}/{quote(rest)}"]
    return [path] if "://" in path else [f"{scheme}://{host}/{quote(rest)}" for scheme in schemes]


def fetch_all(files: list[ReadFile], folder: Path, published: Path, **patience: float) -> list[tuple[str, str, str]]:
    """(URL, status, seconds) a file; after the first fault no more is fetched and what was fetched is removed."""
    outcomes, failed = [], False
    for file in files:
        started, url, status = time.monotonic(), file.urls[0], "ok"
        try:
            if not failed and not _is_published(published / file.name, file):
                url = fetch(file.urls, folder / file.name, size=file.size, md5=file.md5, **patience)
        except FetchFailed as failure:
            failed, status = True, failure.reason
        outcomes.append((without_credentials(url), status, f"{time.monotonic() - started:.1f}"))
    if not failed:
        return outcomes
    for file in files:  # half a run must never pass for a whole one, neither here nor where it was published before
        (folder / file.name).unlink(missing_ok=True)
        (published / file.name).unlink(missing_ok=True)
    return [(url, INCOMPLETE if status == "ok" else status, seconds) for url, status, seconds in outcomes]


def _is_published(path: Path, file: ReadFile) -> bool:
    if not path.is_file():
        return False
    if path.stat().st_size == file.size and md5_of(path) == file.md5:
        return True
    path.unlink()  # its copying was interrupted, or ENA has a newer file
    return False


def main() -> None:
    asked = json.load(sys.stdin)
    sample, run = asked["sample"], asked["run_accession"]
    folder = Path(sample, run)
    folder.mkdir(parents=True)
    try:
        files = files_of(
            asked,
            root=asked["reads_url_root"] or "",
            schemes=asked["url_schemes"].split(","),
            max_bytes=int(asked["max_bytes"]),
        )
        patience = {"tries": int(asked["tries"]), "timeout": float(asked["timeout_seconds"])}
        outcomes = fetch_all(files, folder, Path(asked["published"], run), **patience)
        rows = [
            (file.name, url, str(file.size), file.md5, status, seconds)
            for file, (url, status, seconds) in zip(files, outcomes)  # noqa: B905 - zip(strict=) came with Python 3.10
        ]
    except Refused as refusal:
        rows = [("", "", "", "", str(refusal), "0.0")]
    lines = ("\t".join((sample, run, *row)) + "\n" for row in rows)
    Path(f"{sample}.{run}.tsv").write_text("".join(lines))


if __name__ == "__main__":
    exits.run(main)
