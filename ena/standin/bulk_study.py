"""A study of any size, for budgets of time and memory (``spec/ena.md`` §12.5)."""

Row = dict[str, str]
BULK = {
    "study_accession": "PRJEB99910000",
    "secondary_study_accession": "ERP9991000",
    "study_title": "MADE UP bulk study",
}


def add_bulk_study(tables: dict[str, list[Row]], runs: int) -> None:
    """Any number of runs, ten a sample, after the pattern of one made-up run; without files."""
    study, sample, run = (
        next(row for row in tables[result] if row["study_accession"] == "PRJEB99900002") | BULK
        for result in ("study", "sample", "read_run")
    )
    run |= {f"{family}_{cell}": "" for family in ("fastq", "submitted") for cell in ("ftp", "md5", "bytes")}
    tables["study"].append(study)
    for number in range(0, runs, 10):
        tables["sample"].append(sample | _bulk_sample(number // 10))
    for number in range(runs):
        own = {"run_accession": f"ERR{999100000 + number}", "experiment_accession": f"ERX{99910000 + number}"}
        tables["read_run"].append(run | _bulk_sample(number // 10) | own)


def _bulk_sample(number: int) -> Row:
    return {"sample_accession": f"SAMEA{999100000 + number}", "secondary_sample_accession": f"ERS{99910000 + number}"}
