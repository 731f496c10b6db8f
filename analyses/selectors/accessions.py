"""Accessions are found by equality on one unique key: never by prefix, never by substring."""

from analyses.models import Accession, Run
from ena.accessions import BadAccession, Kind, parse_accession


def find_by_accession(text: str) -> Run | None:
    """Find the run that has this accession."""
    try:
        accession = parse_accession(text, [Kind.RUN]).text
    except BadAccession:
        return None
    alias = Accession.objects.select_related("run").filter(pk=accession).first()
    return alias.run if alias else None
