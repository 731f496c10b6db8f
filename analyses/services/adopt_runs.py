"""A study's runs: ENA's record and our columns, in one row (``spec/ena.md`` §7, ``spec/catalogue.md`` §5.4)."""

import json
import time
from functools import lru_cache, partial

from django.db import connection

from analyses.models import Run, Study
from analyses.schemas import FastqFile
from analyses.services.adopt_loaded_samples import adopt_loaded_samples
from analyses.services.adopt_study import ena_study_of
from analyses.services.infer_experiment_types import infer_again
from ena import bulk
from ena.accessions import Kind
from ena.bulk import MirrorReport
from ena.files import PUBLIC_HOST, ReadFiles, choose_read_files, https_url
from ena.listings import Listing, list_runs
from ena.load_spec import Column, LoadSpec, Parent
from ena.presence import Missing, ask_for_missing
from ena.records import Record
from ena.services import mirror_named_samples, record_mirror

COPIED = [
    "instrument_platform",
    "instrument_model",
    "library_strategy",
    "library_source",
    "library_layout",
    "scientific_name",
]
LONGEST = 255  # a column that is searched cannot be of any length; the record keeps the whole
# The sample that a run has come to is in the study that it has come to, whatever else its cells name.
LINK_SAMPLES = """
INSERT INTO analyses_samplestudy (sample_id, study_id, study_visibility)
SELECT DISTINCT run.sample_id, run.study_id, run.study_visibility
FROM loaded_analyses_run l JOIN analyses_run run ON run.id = l.id
ON CONFLICT (sample_id, study_id) DO NOTHING
"""
# An analysis is where its run is, at the levels that hold there.
MOVE_ANALYSES = """
UPDATE analyses_analysis a SET study_id = run.study_id, study_visibility = run.study_visibility,
                               run_visibility = run.visibility, sample_id = run.sample_id
FROM loaded_analyses_run l JOIN analyses_run run ON run.id = l.id
WHERE a.run_id = run.id AND (a.study_id, a.sample_id) IS DISTINCT FROM (run.study_id, run.sample_id)
"""


def adopt_runs(*, study: Study, actor: str) -> MirrorReport:
    """List the runs of a study in ENA, then write them in one transaction, with a row for every sample they name.

    All strategies: what is analysed is chosen later, from our rows.

    :raises EnaError: nothing was written
    """
    ena_study = ena_study_of(study)
    with list_runs(ena_study) as listing:
        children = Run.objects.filter(study=study)
        missing = ask_for_missing(listing=listing, children=children, study=ena_study)
        return store_runs(study=study, listing=listing, missing=missing, actor=actor)


def store_runs(*, study: Study, listing: Listing, missing: Missing | None, actor: str) -> MirrorReport:
    """Write those runs of a listing that are of the study, in one transaction."""
    ena_study = ena_study_of(study)

    def store() -> MirrorReport:
        started = time.monotonic()
        bulk.lock_mirror(ena_study.accession, asked_at=ena_study.visibility)
        bulk.stage_records(RUNS, listing.records())
        mirror_named_samples(by=RUNS)
        adopt_loaded_samples(study=study, named_only=True)
        report = bulk.load_staged(RUNS, asked=listing.asked, portals=len(listing.answers), complete=listing.complete)
        with connection.cursor() as cursor:
            cursor.execute(LINK_SAMPLES)
            if report.updated:
                cursor.execute(MOVE_ANALYSES)
        if report.updated or (report.inserted and report.unchanged):  # some may have been judged before
            infer_again(study)
        record_mirror(
            kind="runs", study=ena_study, listing=listing, report=report, missing=missing, actor=actor, started=started
        )
        return report

    return bulk.repeat(store)


def _short(name: str, record: Record) -> str | None:
    value = record.metadata.get(name)
    return value and value[:LONGEST]


@lru_cache(maxsize=1)  # two columns of one record
def _chosen(record: Record) -> ReadFiles:
    return choose_read_files(record.metadata | {"run_accession": record.accession})  # its cell may hold several


def _fastq_files(record: Record) -> str:
    described = [
        FastqFile(
            filename=file.filename,
            ftp_url=f"ftp://{file.path}",
            https_url=https_url(file.path) if file.path.startswith(f"{PUBLIC_HOST}/") else "",
            md5=file.md5,
            bytes=file.bytes,
            role=file.role.value,
        )
        for file in _chosen(record).files
    ]
    return json.dumps([file.model_dump() for file in described])


def _inferred(record: Record) -> str:
    """Say why no file can be used, what is odd of them, and the layout they have where it is not the one declared."""
    chosen = _chosen(record)
    inferred: dict[str, object] = {"fastq_refusal": chosen.refusal} if chosen.refusal else {}
    if chosen.layout and chosen.layout != record.metadata.get("library_layout"):
        inferred["inferred_library_layout"] = chosen.layout
    if chosen.warnings:
        inferred["fastq_warnings"] = chosen.warnings
    return json.dumps(inferred)


STUDY_IDS = "SELECT a.accession, s.id FROM ena_accession a JOIN analyses_study s ON s.ena_study_id = a.study_id"
# What else it is known by stays: nobody withdraws an accession.
ALL_ACCESSIONS = "r.ena_accessions || ARRAY(SELECT x FROM unnest(t.ena_accessions) x WHERE x <> ALL (r.ena_accessions))"
SAMPLE_IDS = "SELECT a.accession, s.id FROM ena_accession a JOIN analyses_sample s ON s.ena_sample_id = a.sample_id"
RUNS = LoadSpec(
    table="analyses_run",
    key="first_accession",
    aliases="analyses_accession",
    noun="run",
    columns=(
        Column(
            "ena_accessions",
            "text[]",
            "run_accession",
            lambda record: bulk.text_array(record.accessions),
            update=ALL_ACCESSIONS,
        ),
        *(Column(name, "text", name, partial(_short, name)) for name in COPIED),
        Column("fastq_files", "jsonb", "fastq_ftp", _fastq_files, also=("fastq_md5", "fastq_bytes")),
        Column(
            "inferred_metadata",
            "jsonb",
            "fastq_ftp",
            _inferred,
            update="(t.inferred_metadata - '{inferred_library_layout,fastq_refusal,fastq_warnings}'::text[])"
            " || r.inferred_metadata",
            also=("library_layout",),
        ),
    ),
    parents=(
        Parent(Kind.STUDY, "analyses_study", level="visibility", ids=STUDY_IDS),
        Parent(Kind.SAMPLE, "analyses_sample", level="own_visibility", ids=SAMPLE_IDS),
    ),
)
