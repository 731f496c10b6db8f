"""What the demonstration made, fetched over the API and told as tables."""

import json
import re
from typing import Any

from rich.console import Console
from rich.table import Table

from deployment.local.demo import Operator
from deployment.local.environment import STATE
from deployment.local.stack import ADMIN, Stack

MOST_TAXA = 12
SESSION_KEY = re.compile(r" [0-9a-f]{16}( round \d+)?")


def gather_results(operator: Operator, accession: str) -> dict[str, Any]:
    """The study, its published analyses with their SSU taxonomy, the cluster jobs and the downloaded files."""
    mgys = operator.get(f"/studies/insdc/{accession}")["accession"]
    analyses = operator.get(f"/studies/{mgys}/analyses/")["items"]
    reads = (operator.stack.place.home / "work").rglob("*/results/*/*/*.fastq.gz")
    return {
        "study": operator.get(f"/studies/{mgys}"),
        "samples": operator.get(f"/studies/{mgys}/samples/")["count"],
        "taxonomies": {
            analysis["run"]["accession"]: {
                "analysis": analysis["accession"],
                "records": operator.get(f"/analyses/{analysis['accession']}/annotations/taxonomies__ssu")["items"],
            }
            for analysis in analyses
        },
        "jobs": json.loads(operator.stack.manage("jobs", "list", "--json")),
        "downloads": {path.name: path.stat().st_size for path in reads},
    }


def show_results(results: dict[str, Any], console: Console, accession: str) -> None:
    """Print what came out, with the taxonomy of one analysis as the API serves it."""
    study = results["study"]
    biome = study["biome"]["lineage"] if study["biome"] else "none"
    console.print(f"\n[bold]{study['accession']}[/] ({accession})  {study['title']}", highlight=False)
    console.print(f"    {results['samples']} samples, {len(results['taxonomies'])} published analyses, biome {biome}\n")
    shown = ("name", "state", "seconds", "backend", "scheduler_id")
    jobs = Table(*shown, box=None, header_style="bold")
    for job in results["jobs"]:
        jobs.add_row(*(SESSION_KEY.sub(lambda key: key[0][:9], str(job[name])) for name in shown))
    console.print(jobs)
    size = sum(results["downloads"].values()) / 1e6
    console.print(
        f"\nDownloaded and verified: {len(results['downloads'])} read files, {size:.2f} MB\n", highlight=False
    )
    for run, taxonomy in sorted(results["taxonomies"].items())[:1]:
        address = f"/analyses/{taxonomy['analysis']}/annotations/taxonomies__ssu"
        console.print(f"[bold]Taxonomy of {run}[/], as GET {address} serves it", highlight=False)
        table = Table("reads", "organism", box=None, header_style="bold")
        for record in sorted(taxonomy["records"], key=lambda record: -record["count"])[:MOST_TAXA]:
            table.add_row(str(record["count"]), _lowest_ranks(record["organism"]))
        console.print(table)


def _lowest_ranks(lineage: str) -> str:
    """The last two ranks that have a name: what fits a terminal and still tells the organism."""
    named = [rank for rank in lineage.split(";") if not rank.endswith("__")]
    return "; ".join(named[-2:])


def show_links(stack: Stack, console: Console, study: str | None) -> None:
    """Print where to look while the stack runs.

    :param study: an MGYS to begin with
    """
    table = Table(title="Running until you press Ctrl-C", box=None, show_header=False, title_justify="left")
    site = stack.place.url("api")
    table.add_row("API documentation", f"{stack.api}/docs")
    table.add_row(*(("The study", f"{stack.api}/studies/{study}") if study else ("Studies", f"{stack.api}/studies/")))
    table.add_row("Admin", f"{site}/admin/   user {ADMIN}, password {stack.place.secret('admin-password')}")
    table.add_row("Prefect dashboard", stack.place.url("prefect"))
    table.add_row("Published files", stack.place.url("files"))
    table.add_row("Logs", str((stack.place.home / "logs").relative_to(STATE.parent)))
    console.print()
    console.print(table, highlight=False)
