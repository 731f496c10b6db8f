"""The sheet is that of the amplicon pipeline (``spec/pipelines.md`` §3.9)."""

from workflows.pipelines.amplicon_v6.samplesheet import COLUMNS, row

__all__ = ["COLUMNS", "row"]
