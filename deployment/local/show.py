"""What the demonstration made, fetched over the API and told as tables."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from deployment.local.demo import Operator
from deployment.local.environment import STATE
from deployment.local.stack import ADMIN, Stack

MOST_TAXA = 12


def show_results(operator: Operator, console: Console, accession: str) -> None:
    """Print the study with its samples, runs and jobs, the files, and one analysis' taxonomy as the API serves it."""
    mgys = operator.get(f"/studies/insdc/{accession}")["accession"]
    study = operator.get(f"/studies/{mgys}")
    samples = operator.get(f"/studies/{mgys}/samples/")["count"]
    analyses = operator.get(f"/studies/{mgys}/analyses/")
    console.print(f"\n[bold]{mgys}[/] ({accession})  {study['title']}", highlight=False)
    console.print(f"    {samples} samples, {analyses['count']} published analyses, biome {study['biome']['lineage']}")
    _show_jobs(operator.stack, console)
    _show_downloads(operator.stack, console)
    if analyses["items"]:
        _show_taxonomy(operator, console, analyses["items"][0]["accession"])


def show_links(stack: Stack, console: Console, accession: str, *, running: bool) -> None:
    """Print where to look next, or how to keep it running."""
    if not running:
        console.print(
            "\nEverything is stopped again. [bold]./taskw demo -- --keep[/] leaves it running to look around."
        )
        return
    table = Table(title="Running until you press Ctrl-C", box=None, show_header=False, title_justify="left")
    site = stack.place.url("api")
    table.add_row("API documentation", f"{stack.api}/docs")
    table.add_row("The study", f"{stack.api}/studies/insdc/{accession}")
    table.add_row("Admin", f"{site}/admin/   user {ADMIN}, password {stack.place.secret('admin-password')}")
    table.add_row("Prefect dashboard", stack.place.url("prefect"))
    table.add_row("Published files", stack.place.url("files"))
    console.print()
    console.print(table, highlight=False)


def _show_jobs(stack: Stack, console: Console) -> None:
    jobs = json.loads(stack.manage("jobs", "list", "--json"))
    table = Table(
        "cluster job", "kind", "backend", "state", "seconds", "id there", title="Cluster jobs", title_justify="left"
    )
    for job in jobs:
        table.add_row(
            job["name"], job["kind"], job["backend"], job["state"], _seconds(job), job["backend_job_id"] or "–"
        )
    console.print(table)


def _seconds(job: dict[str, Any]) -> str:
    return f"{job['run_seconds']:.1f}" if job.get("run_seconds") is not None else "–"


def _show_downloads(stack: Stack, console: Console) -> None:
    files = sorted((stack.place.home / "work").rglob("results/*/*/*.fastq.gz"))
    size = sum(path.stat().st_size for path in files)
    console.print(f"Downloaded and verified: {len(files)} read files, {size / 1e6:.2f} MB, below")
    console.print(f"    {(stack.place.home / 'work').relative_to(STATE.parent)}", highlight=False)


def _show_taxonomy(operator: Operator, console: Console, analysis: str) -> None:
    found = operator.get(f"/analyses/{analysis}/annotations/taxonomies__ssu")
    title = f"Taxonomy of {analysis}, as GET /analyses/{analysis}/annotations/taxonomies__ssu serves it"
    table = Table("reads", "organism", title=title, title_justify="left")
    for record in sorted(found["items"], key=lambda record: -record["count"])[:MOST_TAXA]:
        table.add_row(str(record["count"]), record["organism"])
    console.print(table)
