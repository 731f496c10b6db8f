"""MGnify's assembly analysis pipeline, ASA (``spec/pipelines.md`` §3.5)."""

from workflows.pipelines.declaration import Git, Pipeline
from workflows.pipelines.sheets import uses_fire

PIPELINE = Pipeline(
    slug="assembly_v6",
    label="Assembly v6",
    name="assembly",
    version="v6",
    pipeline_version="V6",
    experiment_types=frozenset({"ASSEM", "HYASS", "LRASS"}),
    subject="assembly",
    # No release carries the whole tree of results.py; this is the newest commit that was read.
    source=Git(
        "https://github.com/EBI-Metagenomics/assembly-analysis-pipeline", "193cf9ba02439d41ada3ae5dc97322c067822134"
    ),
    settings="assembly_analysis_pipeline",
    params={
        "input": "{sheet}",
        "outdir": "{outdir}",
        "use_fire_download": uses_fire,
        "min_contig_length": 500,
        "max_contig_n_content": 10,
    },
    site_params=("reference_genomes_folder",),
    head_memory_mib=2048,
    head_minutes=5 * 24 * 60,
    batch_size=10,
    required_sources=("interpros", "pfams", "taxonomies.uniref"),
)
