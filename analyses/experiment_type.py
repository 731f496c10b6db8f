"""What kind of experiment a run is (``spec/catalogue.md`` §7.2): pure, and the only statement of these rules.

Values are compared without case and None is empty; what is stored keeps ENA's spelling.
"""

import re
from collections.abc import Callable

from django.db.models import TextChoices

from analyses.models import ExperimentType

METAGENOME = re.compile(r"\bmetagenome\b", re.IGNORECASE)


class SourcePolicy(TextChoices):
    """Which library sources count as metagenomic."""

    AS_IN_ENA = "only_if_metagenomic_in_ena", "Only if ENA says metagenomic"
    BY_NAME = (
        "override_genomic_if_metagenomic_scientific_name",
        "Also GENOMIC and OTHER if the scientific name says metagenome",
    )
    ALL = "override_all_to_metagenomic", "Everything"


class StrategyPolicy(TextChoices):
    """Which library strategies count as the expected one."""

    AS_IN_ENA = "only_if_correct_in_ena", "Only if ENA says so"
    OTHER_TOO = "assume_other_also_matches", "Also OTHER"
    ALL = "override_all", "Everything"


RULES: list[tuple[set[str], set[str], ExperimentType]] = [
    ({"rna-seq"}, {"metaG", "metaT"}, ExperimentType.METATRANSCRIPTOMIC),
    ({"wgs", "wga"}, {"metaT"}, ExperimentType.METATRANSCRIPTOMIC),
    ({"wgs", "wga"}, {"metaG"}, ExperimentType.METAGENOMIC),
    ({"amplicon"}, {"metaG"}, ExperimentType.AMPLICON),
]


def infer_experiment_type(
    *,
    strategy: str | None,
    source: str | None,
    scientific_name: str | None,
    strategy_policy: str,
    source_policy: str,
    expected: str | None = None,
) -> ExperimentType:
    """The type of a run, UNKNOWN where no rule holds; never guessed from a selection or a title.

    :param expected: the type that a curator takes the runs for, where the strategy policy lets it count
    :raises ValueError: a policy that does not exist, or ``override_all`` without an expected type
    """
    policy = StrategyPolicy(strategy_policy)
    strategy, kind = _lower(strategy), source_kind(source, scientific_name, source_policy)
    if policy is StrategyPolicy.ALL:
        if not expected:
            raise ValueError("expected: the policy override_all needs the experiment type to assume")
        return ExperimentType(expected)
    if policy is StrategyPolicy.OTHER_TOO and strategy == "other" and kind and expected:
        return ExperimentType(expected)
    return next(
        (result for strategies, kinds, result in RULES if strategy in strategies and kind in kinds),
        ExperimentType.UNKNOWN,
    )


def source_kind(source: str | None, scientific_name: str | None, policy: str) -> str | None:
    """``metaG``, ``metaT``, or None where the library is neither."""
    policy, source = SourcePolicy(policy), _lower(source)
    in_ena = {"metagenomic": "metaG", "metatranscriptomic": "metaT"}.get(source)
    if in_ena:
        return in_ena
    named = source in {"genomic", "other"} and METAGENOME.search(scientific_name or "")
    if policy is SourcePolicy.ALL or (policy is SourcePolicy.BY_NAME and named):
        return "metaG"
    return None


def takes_run(*, strategy: str | None, wanted: str, policy: str) -> bool:
    """Whether a run of this strategy is taken where ``wanted`` runs are asked for."""
    accept: dict[StrategyPolicy, Callable[[str], bool]] = {
        StrategyPolicy.AS_IN_ENA: lambda found: found == wanted.lower(),
        StrategyPolicy.OTHER_TOO: lambda found: found in {wanted.lower(), "other"},
        StrategyPolicy.ALL: lambda _found: True,
    }
    return accept[StrategyPolicy(policy)](_lower(strategy))


def _lower(value: str | None) -> str:
    return (value or "").lower()
