"""VIRify's file is offered; nothing of it is imported (``spec/pipelines.md`` §3.6)."""

from analyses.models import DownloadType
from workflows.pipelines.declaration import DownloadRule

DOWNLOADS = tuple(
    DownloadRule(node, "virify", DownloadType.FUNCTIONAL_ANALYSIS, None, "Viruses", "Viral regions of the contigs")
    for node in ("gff", "plain_gff")
)
