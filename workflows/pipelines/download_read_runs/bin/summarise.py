#!/usr/bin/env python3
"""SUMMARISE: one folder a sample with manifest, checksums and the two verdict lists, also for a sample without runs.

JSON on stdin: ``samples``; arguments: the manifest rows of ``download_run.py``. Standard library, Python 3.9.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import exits
from download_run import INCOMPLETE

HEADER = ("sample", "run", "file", "url", "bytes", "md5", "status", "seconds")


def main() -> None:
    rows = [line.split("\t") for name in sys.argv[1:] for line in Path(name).read_text().splitlines()]
    for sample in json.load(sys.stdin)["samples"]:
        own = sorted(row for row in rows if row[0] == sample)
        # A failed run has one file with a reason; its others are only incomplete.
        words = {run: word for _, run, *_, word, _ in own if word != INCOMPLETE}
        failed = {run: word for run, word in words.items() if word != "ok"}
        folder = Path(sample)
        folder.mkdir()
        _write(folder / "manifest.tsv", ("\t".join(row) for row in (HEADER, *own)))
        _write(folder / "checksums.md5", (f"{row[5]}  {row[1]}/{row[2]}" for row in own if row[6] == "ok"))
        _write(folder / "downloaded_runs.csv", (f"{run},ok" for run in words if run not in failed))
        _write(folder / "failed_runs.csv", (f"{run},{word}" for run, word in failed.items()))


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    exits.run(main)
