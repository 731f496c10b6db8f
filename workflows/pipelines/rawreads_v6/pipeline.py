"""MGnify's pipeline for metagenomic and metatranscriptomic reads (``spec/pipelines.md`` §3.2)."""

from workflows.pipelines.declaration import Git, Pipeline
from workflows.pipelines.sheets import uses_fire

PIPELINE = Pipeline(
    slug="rawreads_v6",
    label="Raw reads v6",
    name="rawreads",
    version="v6",
    pipeline_version="V6",
    experiment_types=frozenset({"METAG", "METAT"}),
    subject="run",
    # It has no releases; this commit takes the sheet of samplesheet.py.
    source=Git(
        "https://github.com/EBI-Metagenomics/raw-reads-analysis-pipeline", "0960b01a2154d4437bd72666c92c030b5631b87d"
    ),
    settings="rawreads_pipeline",
    params={
        "samplesheet": "{sheet}",
        "outdir": "{outdir}",
        "use_fire_download": uses_fire,
        "skip_functional": "{no_functional_analysis}",
        "hmmsearch_subsampling": 2_000_000,
    },
    head_memory_mib=8192,
    head_minutes=5 * 24 * 60,
    batch_size=50,
)
