"""VIRify on the contigs that ASA has analysed (``spec/pipelines.md`` §3.6)."""

from workflows.pipelines.declaration import Git, Pipeline

PIPELINE = Pipeline(
    slug="virify_v3",
    label="VIRify v3",
    name="virify",
    version="v3",
    subject="assembly",
    after="assembly_v6",
    source=Git(
        "https://github.com/EBI-Metagenomics/emg-viral-pipeline",
        "2ec5159133d87b6ead0d770876fa95424ff571b6",
        tag="v3.3.1",
    ),
    settings="virify_pipeline",
    params={"samplesheet": "{sheet}", "output": "{outdir}", "use_proteins": True},
    head_memory_mib=8192,
    head_minutes=24 * 60,
    batch_size=10,
    below="virify",
)
