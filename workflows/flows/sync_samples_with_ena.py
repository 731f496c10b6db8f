"""Records of samples and their relations, as ENA has them (``spec/ena.md`` §7.3)."""

from prefect.states import State

from workflows.prefect_utils.django_flow import actor, completed_with_failures, django_flow, publish_artifact

from analyses.services.sync_with_ena import mirrored_studies, refresh_studies, studies_of_samples


@django_flow(flow_run_name="Sync samples with ENA")
def sync_samples_with_ena(accessions: list[str] | None = None, all_samples: bool = False) -> State | None:
    """Refresh the listings that hold the named samples, or those of every mirrored study."""
    studies, failed = studies_of_samples(accessions=accessions or [])
    if all_samples:
        studies = mirrored_studies()
    refreshed, refused = refresh_studies(accessions=studies, actor=actor(), only=["samples"])
    failed |= refused
    told = f"The samples of {len(refreshed)} studies are up to date"
    publish_artifact("sync-samples-with-ena", "\n".join([told, *(f"- {one}: {why}" for one, why in failed.items())]))
    return completed_with_failures(f"{told}; {len(failed)} failed") if failed else None
