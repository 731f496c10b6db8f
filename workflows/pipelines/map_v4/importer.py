"""MAP's file is offered; nothing of it is imported (``spec/pipelines.md`` §3.7)."""

from analyses.models import DownloadType
from workflows.pipelines.declaration import DownloadRule

GROUP, LONG = "mobilome_annotation_pipeline", "Mobile genetic elements of the contigs"
DOWNLOADS = (DownloadRule("gff", GROUP, DownloadType.FUNCTIONAL_ANALYSIS, None, "Mobilome", LONG),)
