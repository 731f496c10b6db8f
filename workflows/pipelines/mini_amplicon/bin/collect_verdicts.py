#!/usr/bin/env python3
"""COLLECT: the end-of-run reports. As in the real pipeline, a report without a line is not written.

Standard library, Python 3.9.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import exits
from pages import page

REPORTS = {"no_asvs": "qc_passed_runs.csv"}
REFUSED = "qc_failed_runs.csv"


def main() -> None:
    """Params as JSON on stdin; arguments: the verdict files, one line ``run,word`` each."""
    verdicts = sorted(tuple(Path(name).read_text().strip().split(",")) for name in sys.argv[1:])
    for run, word in verdicts:
        with Path(REPORTS.get(word, REFUSED)).open("a") as report:
            report.write(f"{run},{word}\n")
    note = "This is not MultiQC. Runs whose files could not be fetched are absent."
    Path("study_multiqc_report.html").write_text(page("All runs", note, ("run", "verdict"), verdicts))
    folder = Path("pipeline_info")
    folder.mkdir()
    params = json.dumps(json.load(sys.stdin), indent=2, sort_keys=True)
    (folder / "mini_amplicon_params.json").write_text(params + "\n")


if __name__ == "__main__":
    exits.run(main)
