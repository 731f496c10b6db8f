"""A true, tiny amplicon pipeline for any machine. It is not MGnify's (``spec/pipelines.md`` §3.9)."""

from workflows.pipelines.declaration import Pipeline

PIPELINE = Pipeline(
    slug="mini_amplicon",
    label="Mini amplicon (demonstration)",
    name="mini_amplicon",
    version="v1",
    pipeline_version="V6",
    experiment_types=frozenset({"AMPLI"}),
    subject="run",
    settings="mini_pipeline",
    params={"input": "{sheet}", "outdir": "{outdir}"},
    head_memory_mib=1024,
    head_minutes=60,
    batch_size=50,
    results_of="amplicon_v6",
    required_sources=("taxonomies.ssu",),
    environments=frozenset({"development", "demo", "ci"}),
)
