"""Who goes into the next round of a batch, together or alone (``spec/pipelines.md`` §2.5). Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# Of a member without a verdict: why it has none.
UNFINISHED, ODD = "unfinished", "odd_verdict"
NAMELESS_TOGETHER = 2


@dataclass(frozen=True)
class Waiting:
    """A member that a failed round left unfinished. ``named``: a task that failed was its own."""

    key: int
    accession: str
    rounds: int
    named: bool


def next_round(waiting: Iterable[Waiting], *, nameless: int) -> list[int]:
    """Those whose own task failed are set aside: they come last, one a round.

    :param nameless: how many rounds failed and named nobody; after two the others go one a round too
    :return: the keys of those who go
    """
    ordered = sorted(waiting, key=lambda one: (one.named, one.rounds, one.accession))
    together = [one.key for one in ordered if not one.named] if nameless < NAMELESS_TOGETHER else []
    return together or [one.key for one in ordered[:1]]


def goes_again(*, rounds: int, at_most: int, together: int) -> bool:
    """Whether a member that a failed round left unfinished may try once more.

    :param together: members of that round; who failed alone has nobody else to blame
    """
    return rounds < at_most and together > 1


def names(task: str, accession: str) -> bool:
    """Whether the accession is a word of the task's name."""
    return accession in re.findall(r"[A-Za-z0-9]+", task)
