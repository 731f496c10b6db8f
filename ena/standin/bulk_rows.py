"""A study of any number of runs, made by formula and without files: for budgets, not for biology."""

RUNS_PER_SAMPLE = 10

Row = dict[str, str]


def make_bulk_rows(runs: int) -> dict[str, list[Row]]:
    """Rows of study PRJEB99910000 by result; the runs are ERR999100000 and on."""
    study = {
        "study_accession": "PRJEB99910000",
        "secondary_study_accession": "ERP9991000",
        "study_alias": "made-up-bulk",
        "study_title": "MADE UP study of many runs",
        "center_name": "MADE-UP CENTRE",
        "first_public": "2021-03-01",
        "last_updated": "2021-03-02",
        "status": "public",
    }
    shared = study | {
        "submission_accession": "ERA99910000",
        "tax_id": "408172",
        "scientific_name": "marine metagenome",
        "description": "MADE UP bulk record",
        "collection_date": "2019-06-03",
        "country": "United Kingdom",
        "location": "52.08 N 0.19 E",
        "lat": "52.08",
        "lon": "0.19",
    }
    samples = [shared | _sample_cells(number) for number in range(-(-runs // RUNS_PER_SAMPLE))]
    for sample in samples:
        del sample["secondary_study_accession"]
    runs_shared = shared | {
        "instrument_platform": "ILLUMINA",
        "instrument_model": "Illumina NovaSeq 6000",
        "library_layout": "PAIRED",
        "library_strategy": "WGS",
        "library_source": "METAGENOMIC",
        "library_selection": "RANDOM",
        "nominal_length": "350",
        "first_created": "2021-02-01",
    }
    return {"study": [study], "sample": samples, "read_run": [runs_shared | _run_cells(n) for n in range(runs)]}


def _sample_cells(number: int) -> Row:
    return {
        "sample_accession": f"SAMEA{999100000 + number}",
        "secondary_sample_accession": f"ERS{99910000 + number}",
        "sample_alias": f"made-up-bulk-sample-{number}",
        "sample_title": f"MADE UP bulk sample {number}",
    }


def _run_cells(number: int) -> Row:
    return _sample_cells(number // RUNS_PER_SAMPLE) | {
        "run_accession": f"ERR{999100000 + number}",
        "experiment_accession": f"ERX{99910000 + number}",
        "run_alias": f"made-up-bulk-run-{number}",
        "experiment_title": f"MADE UP bulk experiment {number}",
        "library_name": f"made-up-bulk-library-{number}",
        "read_count": str(1000 + number),
        "base_count": str(300 * (1000 + number)),
    }
