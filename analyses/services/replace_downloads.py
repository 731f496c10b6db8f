"""The files of an analysis, as its pipeline declares them (``spec/catalogue.md`` §5.9)."""

from collections import Counter
from collections.abc import Iterable

from analyses.models import Analysis, Download
from analyses.schemas import NewDownload


def check_aliases(downloads: Iterable[NewDownload]) -> list[str]:
    """One fault for each alias that several files claim, naming them all."""
    downloads = list(downloads)
    repeated = [alias for alias, n in Counter(download.alias for download in downloads).items() if n > 1]
    return [
        f"alias {alias!r} is claimed by {', '.join(d.path for d in downloads if d.alias == alias)}"
        for alias in repeated
    ]


def replace_downloads(*, analysis: Analysis, downloads: list[NewDownload]) -> bool:
    """Make the analysis offer these files, in this order; rows that are the same keep their id and digests.

    Call it inside a transaction that holds the analysis.

    :returns: whether anything differed
    """
    stored = {row.alias: row for row in analysis.downloads.filter(superseded_by=None)}
    new = {download.alias: _columns(download, position) for position, download in enumerate(downloads, start=1)}
    kept = {alias for alias, row in stored.items() if alias in new and _is(row, new[alias])}
    gone = [row.pk for alias, row in stored.items() if alias not in kept]
    added = [Download(analysis=analysis, **columns) for alias, columns in new.items() if alias not in kept]
    analysis.downloads.filter(pk__in=gone).delete()
    Download.objects.bulk_create(added)
    return bool(gone or added)


def _is(row: Download, columns: dict) -> bool:
    return all(getattr(row, name) == value for name, value in columns.items())


def _columns(download: NewDownload, position: int) -> dict:
    return download.model_dump(mode="json") | {"position": position}
