"""ENA lists no runs of a sample: that is an answer, and its verdict is complete without a file."""

import json
import subprocess
import sys

from workflows.pipelines import registry
from workflows.pipelines.tree import read_tree, survey_tree
from workflows.tests.bundled import merged_copy

SAMPLE = "SAMEA999000014"


def test_a_sample_without_runs_is_finished(tmp_path):
    script = merged_copy("download_read_runs", tmp_path / "pipeline") / "bin" / "summarise.py"
    asked = json.dumps({"samples": [SAMPLE]})
    subprocess.run([sys.executable, "-B", script], input=asked, cwd=tmp_path, text=True, check=True)
    declared = registry.get("download_read_runs")
    tree = read_tree(tmp_path / SAMPLE, subject=SAMPLE, word="", inside=[tmp_path])
    assert not survey_tree(tree, declared).faults
    ruling = declared.judge(tree)
    assert (ruling.verdict, ruling.word, ruling.result) == ("completed", "no_runs", {"runs": [], "files": []})
