"""Which columns a portal has today, and a question without those that it has lost (``spec/ena.md`` §5.2)."""

import logging
import time
from collections.abc import Sequence

from ena import errors, questions
from ena.answers import Answer
from ena.credentials import Credentials
from ena.query import Query
from ena.records import CONTRACTS, RENAMED, ResultType, shipped_fields, wanted_fields
from ena.slicing import search_all

logger = logging.getLogger(__name__)
CATALOGUE_SECONDS = 24 * 3600
_catalogues: dict[tuple[str, str], tuple[float, frozenset[str]]] = {}


def search_portal(
    result: ResultType, queries: Sequence[Query], name: str, hub: Credentials | None, wanted: frozenset[str]
) -> tuple[Answer, frozenset[str]]:
    """Ask one portal for what it can return; once more without the columns that it turns out to have lost.

    :return: the answer, and the wanted columns that the portal once had and has no more
    """
    returned = _returned_today(result, name)
    asked = wanted & returned | {old for old, new in RENAMED.items() if new in wanted - returned and old in returned}
    for may_ask_again in (True, False):
        if missing := CONTRACTS[result].required & wanted - asked:
            raise errors.FieldContractBroken(
                f"ENA no longer returns {', '.join(sorted(missing))} of {result}: "
                "without it rows would be mistaken. Nothing was written"
            )
        try:
            answer = search_all(result=result, queries=queries, fields=sorted(asked), portal_name=name, credentials=hub)
            break
        except errors.QueryRefused as refusal:
            lost = asked.intersection(refusal.fields)
            if not (lost and may_ask_again):
                raise
            _catalogues.pop((result, name), None)
            asked -= lost
    shipped, known_as = shipped_fields(result), {RENAMED.get(one, one) for one in asked}
    dropped = frozenset(one for one in wanted - known_as if name not in shipped[one].absent_from)
    if dropped:
        logger.warning("ena.field_removed: %s of %s no longer has %s", name, result, ", ".join(sorted(dropped)))
    return answer, dropped


def _returned_today(result: ResultType, name: str) -> frozenset[str]:
    asked_at, columns = _catalogues.get((result, name), (float("-inf"), frozenset()))
    if time.monotonic() - asked_at < CATALOGUE_SECONDS:
        return columns
    try:
        columns = questions.return_fields(result=result, portal=name)
    except errors.EnaError:
        logger.warning("The columns of %s in %s cannot be asked for: the shipped list is used", result, name)
        return wanted_fields(result)
    _catalogues[result, name] = (time.monotonic(), columns)
    return columns
