"""From what ENA answered to what became of a study (``spec/ena.md`` §6). Pure."""

from dataclasses import dataclass
from enum import StrEnum

from ena.models import Cause, Verdict

POSITIVE = {"suppressed": Cause.ENA_SUPPRESSED, "killed": Cause.ENA_KILLED}  # also "temporarily suppressed"


class Finding(StrEnum):
    """The outcome of one question. ``NO_HUB`` is an installation that says it has none."""

    FOUND = "found"
    NONE = "none"
    UNKNOWN = "unknown"
    NOT_ASKED = "not asked"
    NO_HUB = "no hub"


@dataclass(frozen=True)
class Evidence:
    """What the five questions found. ``browser`` is ENA's word for the record, ``none`` for 404."""

    search: Finding = Finding.NOT_ASKED
    by_records: Finding = Finding.NOT_ASKED
    hub: Finding = Finding.NOT_ASKED
    browser: str = Finding.NOT_ASKED
    control: Finding = Finding.NOT_ASKED

    @property
    def positive(self) -> Cause | None:
        """What ENA says that it did to the record, if it says so."""
        return next((cause for word, cause in POSITIVE.items() if word in self.browser), None)


def decide(evidence: Evidence) -> Verdict:
    """Turn evidence into a verdict. Only what is proved counts; the rest is unknown, and unknown changes nothing."""
    if Finding.FOUND in (evidence.search, evidence.by_records):
        return Verdict.PUBLIC
    if (evidence.search, evidence.by_records) != (Finding.NONE, Finding.NONE):
        return Verdict.UNKNOWN
    if evidence.hub == Finding.FOUND:
        return Verdict.PRIVATE
    gone = evidence.positive or (evidence.browser == Finding.NONE and evidence.hub == Finding.NONE)
    if gone and evidence.hub in (Finding.NONE, Finding.NO_HUB) and evidence.control == Finding.FOUND:
        return Verdict.ABSENT
    return Verdict.UNKNOWN
