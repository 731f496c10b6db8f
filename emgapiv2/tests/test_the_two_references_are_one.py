from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_two_references_are_one():
    """The demo pipeline assigns reads to the very records that the stand-in ENA draws them from."""
    made_from = ROOT / "ena/standin/data/ssu.tsv"
    assigned_to = ROOT / "workflows/pipelines/mini_amplicon/reference/ssu.tsv"
    assert made_from.read_text().splitlines()[1:] == assigned_to.read_text().splitlines()[1:]
    assert len(made_from.read_text().splitlines()) == 13
