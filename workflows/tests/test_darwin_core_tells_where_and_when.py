"""The Darwin Core tables of a study (``spec/pipelines.md`` §4.10), of the real example and of a small made tree."""

import csv
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.timezone import now

from analyses.models import Run, Study
from analyses.tests.factories import make_analysis, make_run, make_sample, make_study
from ena.models import Study as EnaStudy
from ena.models import Visibility
from ena.tests.conftest import configure
from workflows.batches.darwin_core import _taxids, _taxon, darwin_core_of
from workflows.batches.places import places_of
from workflows.batches.starting import start_batch
from workflows.batches.summaries import finish_copying_summaries, start_copying_summaries, summaries_are_served
from workflows.models import Batch
from workflows.pipelines import registry
from workflows.tests.batches_by_hand import do_copy, end_job, finish, plan, report, site, write_tree
from workflows.tests.example_trees import DATA, REGION, RUN, example_tree

__all__ = ["configure", "site"]
SLUG, NO_ASVS = "mini_amplicon", "SRR9999999"
PLACE = {"lat": "51.11", "lon": "10.40", "depth": "0", "collection_date": "2018-05-02", "country": "Germany"}


@pytest.fixture
def study(site):
    """The example with its ASVs, and a run without any whose place only its sample tells."""
    study = make_study(owner="Webin-99900001")
    make_analysis(make_run(study, accession=RUN, metadata=PLACE | {"center_name": 'Soil, "Jena"'}))
    make_analysis(make_run(study, make_sample(study, metadata={"lat": "-1.5"}), accession=NO_ASVS))
    batch = plan(study)
    start_batch(batch_id=batch.pk, actor="test")
    batch = Batch.objects.get(pk=batch.pk)
    example_tree(places_of(batch).outdir)
    write_tree(batch, NO_ASVS)
    report(batch, passed=[NO_ASVS])
    with (places_of(batch).outdir / "qc_passed_runs.csv").open("a") as file:
        file.write(f"{RUN},all_results\n")
    end_job(batch.job)
    finish(batch)
    return study


def tables(study):
    """Label → rows by column."""
    return {
        name.removeprefix(f"{study.first_accession}_").removesuffix("_dwcready.csv"): list(csv.DictReader(lines))
        for name, (_, lines) in darwin_core_of(study, SLUG).items()
    }


def finalise(study):
    if job := start_copying_summaries(study=study, slug=SLUG, actor="test"):
        do_copy(job)
        finish_copying_summaries(study=study, slug=SLUG, job_id=job.pk)
    return job


def lying(study, area):
    root = getattr(settings.EMG_CONFIG.slurm, f"{area}_results_dir")
    return sorted(path.name for path in Path(root).rglob("*_dwcready.csv"))


def test_each_asv_has_its_reads_lineage_hit_and_sequence(study, configure):
    configure(amplicon_pipeline={"refdb_otus_dir": DATA / "refdb_otus"})
    rows = tables(study)[f"DADA2-SILVA_{REGION}"]
    assert {row["RunID"] for row in rows} == {RUN}, "the other run has none"
    first = next(row for row in rows if row["ASVID"] == "seq_1")
    assert first.pop("ASVSeq").startswith("TGGGGAATATTGGACAATGG")
    assert first == {
        "ASVID": "seq_1",
        "StudyID": study.first_accession,
        "SampleID": Run.objects.get(first_accession=RUN).sample.first_accession,
        "RunID": RUN,
        "decimalLongitude": "10.40",
        "decimalLatitude": "51.11",
        "depth": "0",
        "temperature": "NA",
        "salinity": "NA",
        "collectionDate": "2018-05-02",
        "seq_meth": "Illumina MiSeq",
        "country": "Germany",
        "InstitutionCode": 'Soil, "Jena"',
        "amplifiedRegion": REGION,
        "ASVCaller": "DADA2",
        "ReferenceDatabase": "SILVA",
        "TaxAnnotationTool": "MAPseq",
        "Superkingdom": "Bacteria",
        "Kingdom": "NA",
        "Phylum": "Pseudomonadota",
        "Class": "Alphaproteobacteria",
        "Order": "Hyphomicrobiales",
        "Family": "Nitrobacteraceae",
        "Genus": "Bradyrhizobium",
        "Species": "NA",
        "taxonID": "374",
        "MeasurementUnit": "Number of reads",
        "MeasurementValue": "682",
        "dbhit": "HE818674.1.1466",
        "dbhitIdentity": "1",
        "dbhitStart": "284",
        "dbhitEnd": "686",
    }
    of_pr2 = tables(study)[f"DADA2-PR2_{REGION}"][0]
    assert (of_pr2["Supergroup"], of_pr2["taxonID"], of_pr2["ReferenceDatabase"]) == ("PANNAM", "NA", "PR2")


def test_a_run_without_asvs_is_in_the_closed_reference_tables(study):
    rows = [row for row in tables(study)["closedref_SILVA-SSU"] if row["RunID"] == NO_ASVS]
    assert [(row["Phylum"], row["MeasurementValue"], row["taxonID"]) for row in rows] == [
        ("Bacillota", "100", "NA"),
        ("NA", "20", "NA"),
    ]
    assert {(row["decimalLatitude"], row["decimalLongitude"]) for row in rows} == {("-1.5", "NA")}
    assert not {"ASVID", "amplifiedRegion", "ASVCaller", "dbhit", "ASVSeq"} & set(rows[0])


def test_the_columns_and_taxa_are_those_of_the_real_file(configure):
    """449 rows of MGnify's own: each lineage finds its taxon id again, those of the padded file too."""
    configure(amplicon_pipeline={"refdb_otus_dir": DATA / "refdb_otus"})
    path = DATA / "amplicon_v6_output" / "PRJNA398089_DADA2_SILVA_16S-V3-V4_dwcready.csv"
    if not path.is_file():
        pytest.skip(f"the example is not at {DATA}")
    by_label = {table.label: table for table in registry.get(SLUG).darwin_core}
    table = by_label["DADA2-SILVA_{region}"]
    letters = {rank: sign for sign, rank in table.ranks.items() if sign != "d"}
    taxids = _taxids(table)
    for row in csv.DictReader(path.open()):
        names = [f"{sign}__{row[rank]}".removesuffix("NA") for rank, sign in letters.items()]
        while names[-1].endswith("__"):
            names.pop()
        found = _taxon(table, names, taxids)
        assert (found["taxonID"] or "NA") == row["taxonID"]
        assert {rank: found.get(rank) or "NA" for rank in letters} == {rank: row[rank] for rank in letters}
    assert _taxids(by_label["closedref_SILVA-LSU"])["sk__Archaea"] == "2157"


def test_the_tables_are_served_beside_the_summaries_and_written_once(study):
    assert finalise(study)
    served = {download.alias: download for download in study.downloads.filter(alias__endswith="_dwcready.csv")}
    assert set(served) == set(darwin_core_of(study, SLUG)) == set(lying(study, "ftp"))
    for alias, download in served.items():
        assert download.path == f"study-summaries/{alias}"
        assert (download.file_type, download.download_type) == ("csv", "Taxonomic analysis")
        assert download.download_group == "study_summary.v6.amplicon"
    assert summaries_are_served(study=study, slug=SLUG)
    assert finalise(study) is None
    Run.objects.filter(first_accession=RUN).update(metadata=PLACE | {"country": "France"})
    assert not summaries_are_served(study=study, slug=SLUG)


def test_only_what_may_be_seen_is_in_them_and_a_private_study_has_its_own_place(study):
    finalise(study)
    Run.objects.filter(first_accession=RUN).update(own_visibility=Visibility.SUPPRESSED)
    finalise(study)
    assert lying(study, "ftp") == [f"{study.first_accession}_closedref_SILVA-SSU_dwcready.csv"]
    assert {row["RunID"] for row in tables(study)["closedref_SILVA-SSU"]} == {NO_ASVS}
    EnaStudy.objects.filter(mgnify_study=study).update(visibility=Visibility.PRIVATE)
    finalise(study)
    assert (lying(study, "ftp"), len(lying(study, "private"))) == ([], 1)
    EnaStudy.objects.filter(mgnify_study=study).update(visibility=Visibility.SUPPRESSED, absent_since=now())
    finalise(study)
    assert (lying(study, "private"), Study.objects.get(pk=study.pk).downloads.count()) == ([], 0)
