"""What the pages of the admin cost on a full catalogue: ``task bench -- admin``, the slowest first.

Milliseconds are of the whole page, its template too, by Django's own client.
"""

from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from bench.catalogue_data import prepare, settle  # first: it names the database and sets Django up

# isort: split
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext, setup_test_environment
from django.urls import reverse

from analyses.models import Analysis, Sample, Study
from bench.catalogue import of_psql
from bench.figures import show
from workflows.models import Batch, ClusterJob, FlowRun

SQL = Path(__file__).parent / "admin.sql"
ROUNDS, BAR_MILLISECONDS, BAR_QUERIES = 5, 500, 8
JOBS = 100_000
DEEP = 300  # pages that somebody has turned


def main() -> None:
    prepare()
    if ClusterJob.objects.count() != JOBS:
        with connection.cursor() as cursor:
            cursor.execute(SQL.read_text())
        settle()
    setup_test_environment()  # what a page was made of can be looked at
    client = Client()
    client.force_login(User.objects.get_or_create(username="bench", is_staff=True, is_superuser=True)[0])
    figures = sorted((measure(client, what, url) for what, url in pages(client)), reverse=True)
    for took, queries, what, slowest in figures:
        told = f"{took:.0f} ms, {queries} queries"
        over = "" if took <= BAR_MILLISECONDS and queries <= BAR_QUERIES else "  OVER THE BAR"
        show(what, told + over, "its slowest statement by psql", of_psql(slowest))


def pages(client: Client) -> list[tuple[str, str]]:
    """Each list, plain, deep, by each of its filters and searched; the pages of rows with much below them."""
    asked = []
    for model, of_model in admin.site._registry.items():
        if model._meta.app_label == "auth":
            continue
        name, url = model._meta.label, address(model, "changelist")
        asked.append((name, url))
        last = model._default_manager.order_by(*of_model.ordering or ["pk"])[DEEP * of_model.list_per_page :].first()
        if last:
            asked.append((f"{name}, page {DEEP}", f"{url}?p=after-{last.pk}"))
        asked += [(f"{name}, {query}", f"{url}?{query}") for query in filters_of(client, url)]
        asked += [
            (f"{name}, search {term}", f"{url}?q={term}") for term in ("MGYS00000001", "ERR9000200000", "nothing")
        ]
    study, sample = Study.objects.get(pk=1), Sample.objects.get(pk=1)
    batch, job = Batch.objects.latest("created_at"), ClusterJob.objects.filter(kind="NEXTFLOW").latest("created_at")
    rows = [study, sample, Analysis.objects.get(pk=1), batch, job, FlowRun.objects.latest("created_at")]
    asked += [(f"the page of {row._meta.label}", address(type(row), "change", row.pk)) for row in rows]
    biomes = f"{reverse('admin:autocomplete')}?app_label=analyses&model_name=study&field_name=biome&term=soil"
    return [*asked, ("biomes while they are typed", biomes), ("the first page", reverse("admin:index"))]


def filters_of(client: Client, url: str) -> list[str]:
    """Every choice that the list offers, as its query string."""
    shown = client.get(url).context["cl"]
    found = []
    for spec in shown.filter_specs:
        found += [choice["query_string"].removeprefix("?") for choice in spec.choices(shown)]
    return sorted({query for query in found if query})


def measure(client: Client, what: str, url: str) -> tuple[float, int, str, str]:
    client.get(url)
    times = []
    for _ in range(ROUNDS):
        started = perf_counter()
        answer = client.get(url)
        times.append((perf_counter() - started) * 1000)
    if answer.status_code != 200:
        raise SystemExit(f"{what}: {answer.status_code}")
    with CaptureQueriesContext(connection) as caught:
        client.get(url)
    slowest = max(caught.captured_queries, key=lambda query: float(query["time"]))
    return median(times), len(caught), what, slowest["sql"]


def address(model: type[Model], which: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{which}", args=args)


if __name__ == "__main__":
    main()
