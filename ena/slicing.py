"""Questions whose answer is too large for one request, cut by dates until each part fits (``spec/ena.md`` §5.3)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

from django.conf import settings

from ena import errors, questions
from ena.answers import Answer
from ena.credentials import Credentials
from ena.query import DATE, Query, between_dates, render
from ena.records import ResultType, shipped_fields

CUT_BY = ("first_public", "first_created", "last_updated")
FIRST_DAY = date(1980, 1, 1)
YEARS_AHEAD = 3  # ENA holds a record back for two at most
Part = tuple[Query, int]  # and its number of rows


@dataclass(frozen=True)
class Knife:
    """:param count: asks ENA for the number of rows of a question
    :param limit: rows that one answer may have
    """

    count: Callable[[Query], int]
    limit: int

    def cut(self, query: Query, rows: int, columns: Sequence[str]) -> Iterator[Part]:
        """Give parts that fit, by the first column, the rows without that date by the next. At last, what is left."""
        if rows <= self.limit or not columns:
            yield query, rows
            return
        column, *others = columns
        last_day = datetime.now(UTC).date() + timedelta(days=366 * YEARS_AHEAD)
        every_day = between_dates(column, FIRST_DAY, last_day)
        dated = self.count(query & every_day)
        if dated:
            yield from self._halve(query, dated, column, (FIRST_DAY, last_day), others)
        if rows > dated:
            yield from self.cut(query & ~every_day, rows - dated, others)

    def _halve(
        self, query: Query, rows: int, column: str, days: tuple[date, date], others: Sequence[str]
    ) -> Iterator[Part]:
        start, end = days
        part = query & between_dates(column, start, end)
        if rows <= self.limit:
            yield part, rows
        elif end - start <= timedelta(days=1):
            yield from self.cut(part, rows, others)
        else:
            middle = start + (end - start) // 2
            before = self.count(query & between_dates(column, start, middle))
            for half, count in (((start, middle), before), ((middle, end), rows - before)):
                if count:
                    yield from self._halve(query, count, column, half, others)


def search_all(
    *,
    result: ResultType,
    queries: Sequence[Query],
    fields: Sequence[str],
    portal_name: str,
    credentials: Credentials | None,
) -> Answer:
    """Fetch every row of all the questions from one portal, in one spool. The caller closes it.

    :raises IncompleteAnswer: the parts do not add up to the whole
    """
    specs = shipped_fields(result)
    columns = [name for name in CUT_BY if name in specs and specs[name].searchable and specs[name].type == DATE]
    found: Answer | None = None

    def count(query: Query) -> int:
        return questions.count(result=result, query=render(query), portal=portal_name, credentials=credentials)

    try:
        for query in queries:
            total, in_parts = count(query), 0
            parts = list(Knife(count, settings.EMG_CONFIG.ena.slice_rows).cut(query, total, columns))
            for part, rows in parts:
                answer = questions.search(
                    result=result,
                    query=render(part),
                    fields=fields,
                    portal=portal_name,
                    credentials=credentials,
                    counted=rows,
                )
                in_parts += answer.rows
                if found is None:
                    found = answer
                else:
                    with answer:
                        found.append(answer)
            if len(parts) > 1 and in_parts != total and in_parts != count(query):
                raise errors.IncompleteAnswer(f"{result} of {portal_name}: {in_parts} rows in parts, {total} in all")
    except BaseException:
        if found:
            found.body.close()
        raise
    return found or Answer(fields, 0, BytesIO())
