"""Reads used twice. Accessions are found by equality on one unique key: never by prefix, never by substring."""

from ena.accessions import BadAccession, Kind, parse_accession
from ena.models import Accession, Sample, Study


def find_by_accession(text: str) -> Study | Sample | None:
    """Find the study or sample that has this accession, primary or secondary."""
    try:
        accession = parse_accession(text, [Kind.STUDY, Kind.SAMPLE]).text
    except BadAccession:
        return None
    alias = Accession.objects.select_related("study", "sample").filter(pk=accession).first()
    return (alias.study or alias.sample) if alias else None
