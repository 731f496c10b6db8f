"""Markdown on a run's page in the dashboard."""

from prefect.artifacts import create_markdown_artifact

from workflows.prefect_utils.django_flow import this_run


def publish_artifact(key: str, markdown: str) -> None:
    """Show it in the dashboard; nothing where there is no dashboard (a body without a deployment).

    :param key: lower case, digits and dashes; the same key again is a newer version
    """
    if this_run() is not None:
        create_markdown_artifact(key=key, markdown=markdown)
