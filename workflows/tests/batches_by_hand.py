"""A study whose batches tests take through their steps without a cluster: jobs wait, and end when a test says so."""

import json
import subprocess

import pytest

from analyses.models import Analysis
from analyses.tests.factories import make_analysis, make_run, make_study
from workflows.batches.closing import close_batch
from workflows.batches.folding import fold_batch
from workflows.batches.importing import import_batch
from workflows.batches.places import places_of
from workflows.batches.planning import plan_batches
from workflows.batches.publishing import finish_publishing, start_publishing
from workflows.batches.starting import start_batch
from workflows.cluster.backends import get_backend
from workflows.cluster.classify import Verdict
from workflows.cluster.endings import end_attempt
from workflows.cluster.states import transition
from workflows.models import Batch, ClusterJob
from workflows.pipelines import registry
from workflows.pipelines.fetch import project_folder

STEPS = [("test", "100.0", "sk__Bacteria;k__;p__Bacillota", "1239"), ("two", "20", "sk__Bacteria;k__", "2")]
HTML = "<html><p>a page</p></html>\n"


def sites(settings, root, **changed):
    """Every root below ``root``; the local backend without room, so that nothing starts by itself."""
    config = settings.EMG_CONFIG
    slurm = {name: root / name for name in ("default_workdir", "default_nextflow_workdir", "pipelines_root_dir")}
    slurm |= {name: root / name for name in ("ftp_results_dir", "private_results_dir")}
    cluster = {"backend": "local", "state_root": root / "state", "local_max_jobs": -1, "installation": None}
    for path in [*slurm.values(), cluster["state_root"]]:
        path.mkdir(exist_ok=True)
    batches = config.batches.model_copy(update={"min_free_gib": 0.001, "max_member_rounds": 1} | changed)
    settings.EMG_CONFIG = config.model_copy(
        update={
            "slurm": config.slurm.model_copy(update=slurm),
            "cluster": config.cluster.model_copy(update=cluster),
            "batches": batches,
        }
    )
    get_backend.cache_clear()
    return settings.EMG_CONFIG


@pytest.fixture
def site(settings, tmp_path, transactional_db):
    yield sites(settings, tmp_path)
    get_backend.cache_clear()


def fetched(site, slug, params):
    """A pipeline as if it had been fetched, with these parameters."""
    project = project_folder(site.slurm.pipelines_root_dir, slug, registry.revision_of(slug))
    project.mkdir(parents=True)
    lines = "".join(f"  {name} = null\n" for name in params.split())
    (project / "nextflow.config").write_text(f"params {{\n{lines}}}\n")


def study_of(number, **fields):
    study = make_study(**fields)
    for _ in range(number):
        make_analysis(make_run(study))
    return study


def plan(study, **more):
    (batch,) = plan_batches(study=study, slug="mini_amplicon", actor="test", **more)
    return batch


def started(study):
    batch = plan(study)
    start_batch(batch_id=batch.pk, actor="test")
    batch.refresh_from_db()
    return batch


def accessions(batch):
    return sorted(member.accession for member in batch.members.all())


def end_job(job, state="SUCCEEDED", outcome_class=None, exit_code=0, **columns):
    """The job is over as a scheduler would have it."""
    attempt = job.attempts.latest("number")
    ClusterJob.objects.filter(pk=job.pk).update(spec=job.spec | {"max_attempts": 0})
    transition(row=attempt, to="SUBMITTING", actor="test", kind="moved")
    transition(row=attempt, to="HELD", actor="test", kind="moved", backend_job_id=str(job.pk)[:8])
    verdict = Verdict(state, outcome_class, exit_code=exit_code, evidence="")
    end_attempt(attempt=attempt, verdict=verdict, actor="test", **columns)


def write_tree(batch, accession, rows=STEPS):
    """A small sound tree of one run."""
    root = places_of(batch).outdir / accession
    table = "".join("\t".join(row) + "\n" for row in rows)
    files = {
        f"qc/{accession}_seqfu.tsv": f"OK\tPE\t{accession}_1.fastq.gz\t4\t1000\t0\n",
        f"qc/{accession}.fastp.json": json.dumps({"summary": {"before_filtering": {"total_reads": 4}}}),
        f"qc/{accession}_multiqc_report.html": HTML,
        f"taxonomy-summary/SILVA-SSU/{accession}_SILVA-SSU.mseq": "",
        f"taxonomy-summary/SILVA-SSU/{accession}_SILVA-SSU.tsv": "# Constructed from biom file\n"
        f"# OTU ID\tSSU\ttaxonomy\ttaxid\n{table}",
        f"taxonomy-summary/SILVA-SSU/{accession}_SILVA-SSU.txt": "100\tsk__Bacteria\tk__\n",
        f"taxonomy-summary/SILVA-SSU/{accession}.html": HTML,
    }
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def report(batch, passed=(), failed=(), word="no_asvs", reason="no_reads"):
    """Write the end-of-run files; as Nextflow does, none for an empty list."""
    outdir = places_of(batch).outdir
    for name, lines in (("passed", [(one, word) for one in passed]), ("failed", [(one, reason) for one in failed])):
        if lines:
            (outdir / f"qc_{name}_runs.csv").write_text("".join(f"{run},{said}\n" for run, said in lines))


def do_copy(job):
    """Carry out a COPY job here, as a node would."""
    done = subprocess.run(job.spec["argv"], capture_output=True, text=True, check=False)
    if done.returncode:
        end_job(job, "FAILED", "EXIT", exit_code=done.returncode, log_tail=done.stderr)
    else:
        end_job(job)


def finish(batch):
    """Fold to close, with the copy carried out here. Gives what publishing came to."""
    outcome = None
    fold_batch(batch_id=batch.pk, actor="test")
    import_batch(batch_id=batch.pk, actor="test")
    while job := start_publishing(batch_id=batch.pk, actor="test"):
        if not job.is_final:
            do_copy(job)
        outcome = finish_publishing(batch_id=batch.pk, job_id=job.pk, actor="test")
        if not outcome.moved:
            break
    close_batch(batch_id=batch.pk, actor="test")
    return outcome


def states(study):
    return dict(Analysis.objects.filter(study=study).values_list("run__first_accession", "state"))


def is_done(batch):
    return Batch.objects.get(pk=batch.pk).state == Batch.State.DONE
