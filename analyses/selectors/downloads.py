from django.db.models import QuerySet

from analyses.models import Download
from analyses.visibility import Actor, visible_to


def download_of_analysis(*, accession: str, alias: str, seen_by: Actor) -> Download | None:
    """The live file of that alias, with its analysis."""
    found = _live(seen_by).filter(analysis__accession=accession.strip().upper(), alias=alias)
    return found.select_related("analysis").first()


def download_of_study(*, accession: str, alias: str, seen_by: Actor) -> Download | None:
    """The live file of that alias, with its study."""
    found = _live(seen_by).filter(study__accession=accession.strip().upper(), alias=alias)
    return found.select_related("study").first()


def _live(actor: Actor) -> QuerySet[Download]:
    return visible_to(Download, actor).filter(superseded_by=None)
