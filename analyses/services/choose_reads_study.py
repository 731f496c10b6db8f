"""Whose reads a study's assemblies are made of: their first run says, else a curator (``spec/ena.md`` §7.3)."""

import re

from django.db import connection, transaction

from analyses.models import Study
from ena.accessions import BadAccession, Kind, parse_accession

READS_STUDIES = """
UPDATE analyses_assembly a SET reads_study_id = reads.id, reads_study_visibility = reads.visibility
FROM analyses_assembly found
JOIN analyses_study own ON own.id = found.assembly_study_id
LEFT JOIN analyses_assemblyrun link ON link.assembly_id = found.id AND link.position = 1
LEFT JOIN analyses_run run ON run.id = link.run_id
JOIN analyses_study reads ON reads.id = coalesce(run.study_id, own.reads_study_id)
WHERE a.id = found.id AND own.id = %(study)s AND a.origin = 'ena' AND a.reads_study_id IS DISTINCT FROM reads.id
"""


def choose_reads_study(*, study: Study, reads_study: Study) -> None:
    """Let a curator say whose reads a study's assemblies are made of, where no run tells it.

    :raises ValueError: a study cannot be said to be its own
    """
    if study == reads_study:
        raise ValueError(f"reads_study: {study} is the study itself")
    with transaction.atomic(), connection.cursor() as cursor:
        Study.objects.filter(pk=study.pk).update(reads_study=reads_study)
        cursor.execute(READS_STUDIES, {"study": study.pk})


def suggest_reads_study(*, study: Study) -> str | None:
    """Read the title of a study without runs: if it names exactly one other study, a curator may confirm that.

    :return: its accession, as the title has it
    """
    if study.runs.exists():
        return None
    named = set()
    for word in re.findall(r"\w+", study.title, re.ASCII):
        try:
            named.add(parse_accession(word, [Kind.STUDY]).text)
        except BadAccession:
            continue
    others = named.difference(study.ena_accessions)
    return others.pop() if len(others) == 1 else None
