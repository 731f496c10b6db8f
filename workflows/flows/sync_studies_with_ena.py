"""Studies as ENA has them, on a schedule or when somebody asks (``spec/ena.md`` §7.2)."""

from prefect.states import State

from workflows.prefect_utils.django_flow import actor, completed_with_failures, django_flow, publish_artifact

from analyses.services.sync_studies import sync_studies
from analyses.services.sync_with_ena import refresh_studies


@django_flow(flow_run_name="Sync studies with ENA")
def sync_studies_with_ena(accessions: list[str] | None = None, all_studies: bool = False) -> State | None:
    """Refresh the named studies, new ones too, or every mirrored one that is due."""
    refreshed, failed = refresh_studies(accessions=accessions or [], actor=actor())
    told = f"{len(refreshed)} studies refreshed"
    if all_studies:
        report = sync_studies(actor=actor())
        failed |= report.failed
        told += f", {report.refreshed} of {report.due} that were due, {len(report.absent)} absent"
    lines = [told, *(f"- {accession}: {why}" for accession, why in failed.items())]
    publish_artifact("sync-studies-with-ena", "\n".join(lines))
    return completed_with_failures(f"{told}; {len(failed)} failed") if failed else None
