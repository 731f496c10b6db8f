"""What ENA is asked, one portal at a time (``spec/ena.md`` §2.1, §2.3); :mod:`ena.portal` sends it."""

import re
from collections.abc import Sequence

from django.conf import settings

from ena import answers, errors
from ena.answers import Answer
from ena.credentials import Credentials
from ena.portal import Call, ask, start_of

STATUS_ATTRIBUTE = re.compile(r"<TAG>\s*ENA-STATUS\s*</TAG>\s*<VALUE>\s*(\w[^<]*)", re.IGNORECASE)


def count(*, result: str, query: str, portal: str, credentials: Credentials | None = None) -> int:
    """Ask how many rows a question has."""
    selection = _selection(result, query, portal, credentials)
    return ask(Call("POST", f"{_base('portal')}/count", selection, credentials), answers.check_count)


def search(
    *,
    result: str,
    query: str,
    fields: Sequence[str],
    portal: str,
    credentials: Credentials | None = None,
    counted: int | None = None,
) -> Answer:
    """Fetch every row of a question, proved complete against ``/count``. The caller closes the answer.

    :param counted: what ``/count`` has just said, if it was asked
    :raises EnaError: see :mod:`ena.errors`; nothing of a doubtful answer is handed on
    """
    selection = _selection(result, query, portal, credentials) | {"fields": ",".join(fields), "limit": "0"}
    rows = Call("POST", f"{_base('portal')}/search", selection, credentials)
    counted = count(result=result, query=query, portal=portal, credentials=credentials) if counted is None else counted
    for _ in range(2):
        answer = ask(rows, lambda body: Answer(fields, answers.check_rows(body, fields), body))
        if answer.rows != counted:
            counted = count(result=result, query=query, portal=portal, credentials=credentials)
        if answer.rows == counted:
            return answer
        answer.body.close()
    raise errors.IncompleteAnswer(f"{rows}: {answer.rows} rows, but /count says {counted}")


def _selection(result: str, query: str, portal: str, credentials: Credentials | None) -> dict[str, str]:
    selection = {"result": result, "query": query, "dataPortal": portal, "includeMetagenomes": "true", "format": "json"}
    return selection | {"dccDataOnly": "true"} if credentials else selection


def return_fields(*, result: str, portal: str) -> frozenset[str]:
    """List the columns that ENA returns today for a result in a portal."""
    params = {"result": result, "dataPortal": portal, "format": "json"}
    return ask(Call("GET", f"{_base('portal')}/returnFields", params), answers.check_catalogue)


def record_status(accession: str) -> str | None:
    """Ask the browser what became of a record.

    :return: ENA's word (``public``, ``suppressed``, ``killed`` …), ``unstated``, or None if there is no such record
    """
    try:
        text = ask(Call("GET", f"{_base('browser')}/xml/{accession}"), start_of)
    except errors.NotFound:
        return None
    found = STATUS_ATTRIBUTE.search(text)
    return found.group(1).strip().lower() if found else "unstated"


def _base(api: str) -> str:
    ena = settings.EMG_CONFIG.ena
    if ena.standin_url:
        return f"{ena.standin_url.rstrip('/')}/ena/{api}/api"
    return ena.portal_api if api == "portal" else ena.browser_api
