"""A study's assemblies: ENA's record and our columns in one row, with their runs (``spec/ena.md`` §7.3)."""

import time
from dataclasses import replace

from django.db import connection

from analyses.models import Accession, Assembly, Origin, Study
from analyses.services.adopt_loaded_samples import adopt_loaded_samples
from analyses.services.adopt_runs import ALL_ACCESSIONS, SAMPLE_IDS, STUDY_IDS, store_runs
from analyses.services.adopt_study import adopt_study, ena_study_of
from analyses.services.choose_reads_study import READS_STUDIES
from ena import bulk
from ena.accessions import Kind
from ena.bulk import MirrorReport
from ena.errors import StudyNotAvailable
from ena.listings import Listing, list_assemblies, list_by_accession
from ena.load_spec import Column, LoadSpec, Parent
from ena.models import Study as EnaStudy
from ena.presence import ask_for_missing, askers
from ena.records import SHOWN, ResultType
from ena.services import mirror_named_samples, mirror_study, record_mirror

ASSEMBLIES = LoadSpec(
    table="analyses_assembly",
    key="first_accession",
    aliases="analyses_accession",
    noun="assembly",
    columns=(
        Column(
            "ena_accessions",
            "text[]",
            "analysis_accession",
            lambda record: bulk.text_array(record.accessions),
            update=ALL_ACCESSIONS,
        ),
        # One that we made and uploaded comes back as a record: it stays ours.
        Column("origin", "text", "analysis_accession", lambda _: Origin.ENA.value, update="t.origin"),
        Column("state", "text", "analysis_accession", lambda _: "external", update="t.state"),
    ),
    parents=(
        Parent(Kind.STUDY, "analyses_study", level="visibility", ids=STUDY_IDS, column="assembly_study"),
        Parent(Kind.SAMPLE, "analyses_sample", level="own_visibility", ids=SAMPLE_IDS, optional=True),
    ),
    links=(Kind.RUN,),
)
FIRST_EVENTS = """
INSERT INTO analyses_assemblyevent (assembly_id, to_state, actor)
SELECT a.id, a.state, %(actor)s FROM loaded_analyses_assembly l JOIN analyses_assembly a ON a.id = l.id
WHERE NOT EXISTS (SELECT FROM analyses_assemblyevent e WHERE e.assembly_id = a.id) ORDER BY a.id
"""
# The runs in ENA's order, of those assemblies whose stored order is another; of ours we know it better.
LINK_RUNS = """
DROP TABLE IF EXISTS relinked;
CREATE TEMP TABLE relinked ON COMMIT DROP AS
WITH named AS (
  SELECT l.id AS assembly_id, alias.run_id, min(one.place) AS place
  FROM loaded_analyses_assembly l JOIN resolved_analyses_assembly r ON r.accession = l.accession
  CROSS JOIN unnest(r.run_accessions) WITH ORDINALITY one (accession, place)
  JOIN analyses_accession alias ON alias.accession = one.accession AND alias.run_id IS NOT NULL
  GROUP BY 1, 2
), new AS (
  SELECT assembly_id, array_agg(run_id ORDER BY place) AS runs FROM named GROUP BY 1
), old AS (
  SELECT assembly_id, array_agg(run_id ORDER BY position) AS runs FROM analyses_assemblyrun
  WHERE assembly_id IN (SELECT id FROM loaded_analyses_assembly) GROUP BY 1
)
SELECT a.id AS assembly_id, new.runs
FROM loaded_analyses_assembly l JOIN analyses_assembly a ON a.id = l.id
LEFT JOIN new ON new.assembly_id = a.id LEFT JOIN old ON old.assembly_id = a.id
WHERE a.origin = 'ena' AND new.runs IS DISTINCT FROM old.runs AND (new.runs IS NOT NULL OR %(complete)s);
WITH gone AS (
  DELETE FROM analyses_assemblyrun WHERE assembly_id IN (SELECT assembly_id FROM relinked) RETURNING id
)
INSERT INTO analyses_assemblyrun (assembly_id, run_id, run_visibility, position)
SELECT assembly_id, run.id, run.visibility, one.place
FROM relinked, unnest(runs) WITH ORDINALITY one (run_id, place) JOIN analyses_run run ON run.id = one.run_id
WHERE (SELECT count(*) FROM gone) >= 0  -- first out, then in; but one statement: never public for want of links
ORDER BY assembly_id, one.place
"""
UNKNOWN_RUNS = """
SELECT l.accession, one FROM loaded_analyses_assembly l
JOIN resolved_analyses_assembly r ON r.accession = l.accession CROSS JOIN unnest(r.run_accessions) one
WHERE NOT EXISTS (SELECT FROM analyses_accession a WHERE a.accession = one) ORDER BY 1, 2
"""


def adopt_assemblies(*, study: Study, actor: str) -> MirrorReport:
    """List the assemblies of a study in ENA, then write them with their samples and runs.

    1. List them (network).  2. Runs of other studies that they name, with those studies: a transaction a study.
    3. In one transaction: samples that are only named, assemblies, events, runs in order, reads studies, presence.
    A run that ENA does not show makes no row; the report names it, the assembly is kept.

    :raises EnaError: no assembly was written
    """
    ena_study = ena_study_of(study)
    with list_assemblies(ena_study) as listing:
        listed = Assembly.objects.filter(assembly_study=study, metadata__has_key="analysis_accession")
        missing = ask_for_missing(listing=listing, children=listed, study=ena_study)
        adopt_named_runs(listing=listing, ena_study=ena_study, actor=actor)

        def store() -> MirrorReport:
            started = time.monotonic()
            bulk.lock_mirror(ena_study.accession, asked_at=ena_study.visibility)
            bulk.stage_records(ASSEMBLIES, listing.records())
            mirror_named_samples(by=ASSEMBLIES)
            adopt_loaded_samples(study=study, named_only=True)
            report = bulk.load_staged(
                ASSEMBLIES, asked=listing.asked, portals=len(listing.answers), complete=listing.complete
            )
            link_loaded_assemblies(study=study, report=report, complete=listing.complete, actor=actor)
            record_mirror(
                kind="assemblies",
                study=ena_study,
                listing=listing,
                report=report,
                missing=missing,
                actor=actor,
                started=started,
            )
            return report

        return bulk.repeat(store)


def link_loaded_assemblies(*, study: Study, report: MirrorReport, complete: bool, actor: str) -> None:
    """Give the assemblies that this transaction has loaded their first event, their runs and their reads study.

    :param complete: an assembly that no longer names a run loses those it had
    """
    kept = "run_accession" in report.went_blank
    with connection.cursor() as cursor:
        cursor.execute(FIRST_EVENTS, {"actor": actor})
        cursor.execute(LINK_RUNS, {"complete": complete and not kept})
        cursor.execute(READS_STUDIES, {"study": study.pk})
        cursor.execute(UNKNOWN_RUNS)
        report.broken_count += cursor.rowcount
        report.broken += (f"{assembly}: ENA shows no run {run}" for assembly, run in cursor.fetchmany(SHOWN))


def adopt_named_runs(*, listing: Listing, ena_study: EnaStudy, actor: str) -> None:
    """Mirror those runs that the assemblies of a listing name and we do not have, each in its own study."""
    named = {run for _, record in listing.records() for run in record.parents[Kind.RUN]}
    known = Accession.objects.filter(accession__in=named).values_list("accession", flat=True)
    unknown = sorted(named.difference(known))
    for hub in askers(ena_study) if unknown else []:
        with list_by_accession(ResultType.READ_RUN, unknown, hub=hub) as found:
            studies = {record.accession: record.parents[Kind.STUDY] for _, record in found.records()}
            for accession in sorted({names[0] for names in studies.values() if names}):
                try:
                    other = adopt_study(ena_study=mirror_study(accession=accession, actor=actor))
                except StudyNotAvailable:
                    continue  # the report will name its runs
                names = frozenset(ena_study_of(other).aliases.values_list("accession", flat=True))
                some = replace(found, of_study=names, complete=False)  # not all that the study has
                store_runs(study=other, listing=some, missing=None, actor=actor)
        unknown = [run for run in unknown if run not in studies]
        if not unknown:
            break
