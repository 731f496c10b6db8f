"""Downloads and verifies all read runs of one sample (``spec/pipelines.md`` §3.8). It makes no analysis."""

from emgapiv2.config import EMGConfig
from workflows.pipelines.declaration import Pipeline


def portal_url(config: EMGConfig) -> str:
    standin = config.ena.standin_url
    return f"{standin.rstrip('/')}/ena/portal/api/filereport" if standin else config.reads.filereport_url


def reads_url_root(config: EMGConfig) -> str | None:
    return config.reads.reads_url_root or config.ena.standin_url


PIPELINE = Pipeline(
    slug="download_read_runs",
    label="Download read runs",
    name="download_read_runs",
    version="v1",
    subject="sample",
    settings="download_pipeline",
    params={"sample": "{subjects}", "outdir": "{outdir}", "portal_url": portal_url, "reads_url_root": reads_url_root},
    head_memory_mib=1024,
    head_minutes=60,
    batch_size=1,
    secrets=("ENA_USERNAME", "ENA_PASSWORD"),  # ENA lists runs of a private study to nobody else, without saying so
)
