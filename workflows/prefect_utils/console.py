"""Prefect's own command line."""

import sys

from prefect.cli import app


def run_prefect_console(arguments: list[str]) -> None:
    """Prefect's command line in this process, with Django set up.

    :raises SystemExit: with its exit code
    """
    sys.argv = ["prefect", *arguments]
    app()
