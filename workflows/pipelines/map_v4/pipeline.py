"""The mobilome annotation pipeline, with or without what VIRify found (``spec/pipelines.md`` §3.7)."""

from workflows.pipelines.declaration import Git, Pipeline

PIPELINE = Pipeline(
    slug="map_v4",
    label="Mobilome annotation v4",
    name="map",
    version="v4",
    subject="assembly",
    after="virify_v3",
    source=Git(
        "https://github.com/EBI-Metagenomics/mobilome-annotation-pipeline",
        "b865f30e65bcd8684d7cdb3b8c6cdf8a3fe43612",
        tag="v4.2.3",
    ),
    settings="map_pipeline",
    params={"input": "{sheet}", "outdir": "{outdir}"},
    head_memory_mib=8192,
    head_minutes=24 * 60,
    batch_size=10,
    below="mobilome-annotation",
)
