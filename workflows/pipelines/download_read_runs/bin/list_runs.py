#!/usr/bin/env python3
"""LIST_RUNS: ask ENA's file report which runs each sample has; one JSON line a run into ``runs.jsonl``.

JSON on stdin: ``samples``, ``portal_url``, ``tries``, ``timeout_seconds``. An answer that cannot be understood is no
answer; only a header without rows says that a sample has no runs. Standard library, Python 3.9.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from pathlib import Path
from urllib.parse import urlencode

import exits
from fetch_reads import FetchFailed, fetch

FIELDS = ("run_accession", "fastq_ftp", "fastq_md5", "fastq_bytes")
RUN = re.compile(r"[A-Z0-9_]+")


def rows_of(report: Path) -> list[dict[str, str]]:
    """The rows of a file report, columns found by name, sorted by run.

    :raises FetchFailed: ``bad_answer``, the text is not such a report
    """
    try:
        lines = list(csv.reader(report.read_text("utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    except UnicodeDecodeError as error:
        raise FetchFailed("bad_answer", str(error)) from error
    header = lines[0] if lines else []
    if missing := [name for name in FIELDS if name not in header]:
        raise FetchFailed("bad_answer", f"no column {', '.join(missing)}")
    places = {name: header.index(name) for name in FIELDS}
    rows = {}
    for number, cells in enumerate(lines[1:], start=2):
        if len(cells) != len(header) or not RUN.fullmatch(cells[places["run_accession"]]):
            raise FetchFailed("bad_answer", f"line {number} is not a run")
        row = {name: cells[place] for name, place in places.items()}
        rows[row["run_accession"]] = row
    return [rows[run] for run in sorted(rows)]


def main() -> int:
    asked = json.load(sys.stdin)
    with Path("runs.jsonl").open("w") as output:
        # One call a sample: ENA answers a list of accessions with no rows.
        for sample in asked["samples"]:
            query = {"accession": sample, "result": "read_run", "fields": ",".join(FIELDS), "format": "tsv"}
            report = Path(f"{sample}.report.tsv")
            try:
                fetch(
                    [f"{asked['portal_url']}?{urlencode(query)}"],
                    report,
                    check=rows_of,
                    tries=int(asked["tries"]),
                    timeout=float(asked["timeout_seconds"]),
                )
            except FetchFailed as failure:
                sys.stderr.write(f"ENA did not answer for {sample}: {failure}\n")
                return 1
            for row in rows_of(report):
                output.write(json.dumps({"sample": sample, **row}) + "\n")
    return 0


if __name__ == "__main__":
    exits.run(main)
