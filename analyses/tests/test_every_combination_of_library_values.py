from itertools import product

import pytest

from analyses.experiment_type import SourcePolicy, StrategyPolicy, infer_experiment_type, takes_run
from analyses.models import ExperimentType

STRATEGIES = [None, "", "WGS", "wga", "AMPLICON", "RNA-Seq", "OTHER", "Hi-C"]
SOURCES = [None, "", "METAGENOMIC", "METATRANSCRIPTOMIC", "GENOMIC", "OTHER", "SYNTHETIC", "GENOMIC SINGLE CELL"]
NAMES = [None, "marine metagenome", "Metagenome", "Homo sapiens", "metagenomes"]
AS_IN_ENA = {"strategy_policy": StrategyPolicy.AS_IN_ENA, "source_policy": SourcePolicy.AS_IN_ENA}


def infer(strategy, source, name=None, expected=None, **policies):
    policies = AS_IN_ENA | policies
    return infer_experiment_type(
        strategy=strategy, source=source, scientific_name=name, expected=expected, **policies
    ).value


def test_every_combination_has_a_type():
    for values in product(STRATEGIES, SOURCES, NAMES, SourcePolicy):
        for policy in StrategyPolicy:
            *library, source_policy = values
            found = infer(*library, expected="AMPLI", strategy_policy=policy, source_policy=source_policy)
            assert found in ExperimentType.values


@pytest.mark.parametrize(
    ("strategy", "source", "found"),
    [
        ("RNA-Seq", "METAGENOMIC", "METAT"),
        ("rna-seq", "metatranscriptomic", "METAT"),
        ("WGS", "METATRANSCRIPTOMIC", "METAT"),
        ("WGA", "METAGENOMIC", "METAG"),
        ("AMPLICON", "METAGENOMIC", "AMPLI"),
        ("AMPLICON", "METATRANSCRIPTOMIC", "UNKNO"),
        ("AMPLICON", "GENOMIC", "UNKNO"),
        (None, "METAGENOMIC", "UNKNO"),
    ],
)
def test_the_table(strategy, source, found):
    assert infer(strategy, source) == found


def test_source_policies():
    by_name, everything = {"source_policy": SourcePolicy.BY_NAME}, {"source_policy": SourcePolicy.ALL}
    assert infer("AMPLICON", "GENOMIC", "soil metagenome", **by_name) == "AMPLI"
    assert infer("AMPLICON", "OTHER", "soil Metagenome", **by_name) == "AMPLI"
    assert infer("AMPLICON", "GENOMIC", "metagenomes", **by_name) == "UNKNO"
    assert infer("AMPLICON", "SYNTHETIC", "soil metagenome", **by_name) == "UNKNO"
    assert infer("AMPLICON", None, **everything) == "AMPLI"
    assert infer("WGS", "METATRANSCRIPTOMIC", **everything) == "METAT"


def test_other_strategy_gets_the_expected_type_when_assumed():
    assumed = {"strategy_policy": StrategyPolicy.OTHER_TOO, "expected": "AMPLI"}
    assert infer("OTHER", "METAGENOMIC", **assumed) == "AMPLI"
    assert infer("OTHER", "GENOMIC", **assumed) == "UNKNO"
    assert infer("WGS", "METAGENOMIC", **assumed) == "METAG"
    assert infer("OTHER", "METAGENOMIC", expected="AMPLI") == "UNKNO"


def test_override_all_needs_a_type():
    assert infer("Hi-C", None, strategy_policy=StrategyPolicy.ALL, expected="AMPLI") == "AMPLI"
    with pytest.raises(ValueError, match="expected"):
        infer("AMPLICON", "METAGENOMIC", strategy_policy=StrategyPolicy.ALL)


def test_runs_taken():
    taken = {
        policy.name: [s for s in STRATEGIES if takes_run(strategy=s, wanted="AMPLICON", policy=policy)]
        for policy in StrategyPolicy
    }
    assert taken == {"AS_IN_ENA": ["AMPLICON"], "OTHER_TOO": ["AMPLICON", "OTHER"], "ALL": STRATEGIES}
