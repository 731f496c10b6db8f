"""Papers come from Europe PMC, by their PubMed id, when somebody says that one is about a study."""

from analyses.europe_pmc import fetch_paper
from analyses.models import Publication
from analyses.services.publications import save_publication

LONGEST_TITLE = 740


def import_publication(*, pubmed_id: int, refresh: bool = False) -> Publication:
    """The paper, read from Europe PMC if we do not have it. Network first, then one transaction.

    :param refresh: read it anew
    :raises EuropePmcSilent, UnknownPaper: nothing was changed
    """
    known = Publication.objects.filter(pk=pubmed_id).first()
    if known and not refresh:
        return known
    title, year, metadata = fetch_paper(pubmed_id)
    kept = (known.metadata if known else {}) | metadata  # what Europe PMC does not tell stays
    return save_publication(pubmed_id=pubmed_id, title=title[:LONGEST_TITLE], published_year=year, metadata=kept)
