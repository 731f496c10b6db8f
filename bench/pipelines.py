"""What a large study costs between ENA and the API: planning it, writing its samplesheets, importing its results.

``task bench -- pipelines``. The database is beside the bench's, and emptied. What a batch costs over the bare
``nextflow run`` of its sheet needs a cluster: ``task bench -- first_path``.
"""

import json
import os
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

os.environ["EMG_DATABASE__NAME"] = f"{os.environ.get('EMG_DATABASE__NAME', 'emg')}_pipelines"

from bench.catalogue_data import create_database  # it names the database after that one and sets Django up

# isort: split
from django.conf import settings
from django.db import connection
from django.db.models import Sum

from analyses.models import Analysis, AnalysisState, AnnotationSet, Study
from analyses.states import move_analyses
from analyses.tests.factories import make_analysis, make_run, make_study
from bench.figures import psql_milliseconds, show
from workflows.batches.importing import import_batch
from workflows.batches.places import places_of
from workflows.batches.planning import plan_batches
from workflows.batches.starting import prepare_round
from workflows.models import Batch
from workflows.models.batch import SUBJECTS

# Runs of a study and records of each: as amplicons are, where each analysis costs, and as the real assembly of
# the tests' data is (14,000), where the records do.
SIZES = ((1_000, 500), (50, 10_000))
SLUG = "mini_amplicon"
HTML = "<html></html>\n"
RANKS = "sk__Bacteria;k__;p__Bacillota;c__Clostridia;o__Oscillospirales;f__Oscillospiraceae;g__Genus"
BIOM = "# Constructed from biom file\n# OTU ID\tSSU\ttaxonomy\ttaxid\n"
FLOOR = """
CREATE TEMP TABLE kept AS SELECT s.* FROM analyses_annotationset s
  JOIN analyses_analysis a ON a.id = s.analysis_id WHERE a.study_id = {study};
CREATE TEMP TABLE bare (LIKE kept);
\\copy kept TO '{file}'
\\timing on
\\copy bare FROM '{file}'
"""


def main() -> None:
    create_database()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE ena_study, ena_sample CASCADE")
    with tempfile.TemporaryDirectory() as scratch:
        settle_places(Path(scratch))
        for runs, records in SIZES:
            study = make_study()
            for _ in range(runs):
                make_analysis(make_run(study))
            batches = measure_planning(study, runs)
            for batch in batches:
                leave_results(batch, records)
            measure_import(study, batches, Path(scratch))


def settle_places(root: Path) -> None:
    names = ("default_workdir", "default_nextflow_workdir", "pipelines_root_dir")
    slurm = settings.EMG_CONFIG.slurm.model_copy(update={name: root / name for name in names})
    batches = settings.EMG_CONFIG.batches.model_copy(update={"min_free_gib": 0.1})
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(
        update={"slurm": slurm, "batches": batches, "environment": "development"}
    )


def measure_planning(study: Study, runs: int) -> list[Batch]:
    before, started = getrusage(RUSAGE_SELF).ru_maxrss, time.perf_counter()
    batches = plan_batches(study=study, slug=SLUG, actor="bench")
    planned = time.perf_counter() - started
    for batch in batches:
        members = list(batch.members.select_related("analysis", "product_assembly", "run__sample", *SUBJECTS))
        prepare_round(batch=batch, number=1, members=members)
    whole, grown = time.perf_counter() - started, (getrusage(RUSAGE_SELF).ru_maxrss - before) / 1024
    sheets = [places_of(batch).sheet(1).read_bytes() for batch in batches]
    started = time.perf_counter()
    for batch, sheet in zip(batches, sheets, strict=True):
        places_of(batch).sheet(2).write_bytes(sheet)
        os.sync()
    told = f"{planned:.2f} s, with {len(batches)} sheets {whole:.2f} s, {grown:.0f} MiB"
    floor = f"{time.perf_counter() - started:.2f} s"
    show(f"a study of {runs:,} runs planned", told, "the same bytes written and synced", floor)
    return batches


def leave_results(batch: Batch, records: int) -> None:
    """What a head would have left of each member, and the verdict that folding would have given."""
    table = BIOM + "".join(f"{row}\t{row}.0\t{RANKS}{row}\t{row}\n" for row in range(1, records + 1))
    for member in batch.members.select_related("run"):
        run = member.accession
        files = {
            f"qc/{run}_seqfu.tsv": "OK\tPE\n",
            f"qc/{run}.fastp.json": json.dumps({"summary": {"before_filtering": {"total_reads": 4}}}),
            f"qc/{run}_multiqc_report.html": HTML,
            f"taxonomy-summary/SILVA-SSU/{run}_SILVA-SSU.mseq": "",
            f"taxonomy-summary/SILVA-SSU/{run}_SILVA-SSU.tsv": table,
            f"taxonomy-summary/SILVA-SSU/{run}_SILVA-SSU.txt": "1\tsk__Bacteria\n",
            f"taxonomy-summary/SILVA-SSU/{run}.html": HTML,
        }
        for path, text in files.items():
            file = places_of(batch).outdir / run / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    batch.members.update(verdict="completed", word="no_asvs")
    ids = batch.members.values_list("analysis_id", flat=True)
    move_analyses(ids=ids, frm=AnalysisState.PLANNED, to=AnalysisState.COMPLETED, actor="bench")


def measure_import(study: Study, batches: list[Batch], scratch: Path) -> None:
    started, worked = time.perf_counter(), time.process_time()
    for batch in batches:
        import_batch(batch_id=batch.pk, actor="bench")
    took, worked = time.perf_counter() - started, time.process_time() - worked
    imported = Analysis.objects.filter(study=study, state=AnalysisState.IMPORTED).count()
    sets = AnnotationSet.objects.filter(analysis__study=study)
    records = sets.aggregate(n=Sum("record_count"))["n"]
    (floor,) = psql_milliseconds(FLOOR.format(study=study.pk, file=scratch / "sets.copy"))
    told = f"{records / took:,.0f} records/s; {took:.1f} s, {worked:.1f} s of own CPU"
    what = f"{imported:,} analyses, {records:,} records imported"
    show(f"{what} (bar 30,000/s)", told, "COPY by psql", f"{floor / 1000:.2f} s")


if __name__ == "__main__":
    main()
