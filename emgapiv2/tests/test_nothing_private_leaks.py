"""Every GET and HEAD, by every kind of caller, over things that they may not see, which carry a word to be found."""

import logging
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from analyses.models import Analysis
from analyses.tests.factories import (
    fastq_file,
    make_analysis,
    make_annotations,
    make_assembly,
    make_biome,
    make_download,
    make_publication,
    make_run,
    make_sample,
    make_study,
    make_super_study,
)
from emgapiv2.tests.operations import PREFIX, gets
from ena.models import Sample as EnaSample
from workflows.models import Decision
from workflows.services.flow_runs import ask_for_run

pytestmark = pytest.mark.django_db
CANARY = "canary"
MISSING = {
    "MGYS": "MGYS99999999",
    "MGYA": "MGYA99999999",
    "insdc": "PRJEB99999999",
    "sample": "SAMEA99999999",
    "run": "ERR99999999",
    "assembly": "ERZ99999999",
    "publication": 99_999_999,
}


def make_tree(state="published", **study_fields):
    """A study with one of everything below it; every text says canary."""
    study = make_study(metadata={"study_description": CANARY}, title=f"{CANARY} study", **study_fields)
    sample = make_sample(study, sample_title=f"{CANARY} sample", metadata={"lat": CANARY})
    file = fastq_file("ERR") | {"filename": f"{CANARY}.fastq.gz"}
    run = make_run(study, sample, metadata={"alias": CANARY}, fastq_files=[file], instrument_model=CANARY)
    assembly = make_assembly(run, assembly_study=study, metadata={"alias": CANARY})
    make_analysis_of(assembly, state)
    analysis, publication = make_analysis_of(run, state), make_publication_of(study)
    return SimpleNamespace(
        study=study, sample=sample, run=run, analysis=analysis, assembly=assembly, publication=publication
    )


def make_publication_of(*studies):
    group = {"annotation_type": CANARY, "title": CANARY, "description": "", "annotations": []}
    return make_publication(
        *studies, title=CANARY, metadata={"doi": CANARY}, annotations={"sample_processing": [], "other": [group]}
    )


def make_analysis_of(run, state, **fields):
    analysis = make_analysis(run, state=state, metadata={"k": CANARY}, quality_control={"k": CANARY}, **fields)
    make_annotations(analysis, records=[{"count": 3, "organism": f"sk__{CANARY}"}])
    make_download(analysis, alias=f"{CANARY}.tsv")
    return analysis


def accessions_of(tree):
    return {
        "MGYS": tree.study.accession,
        "MGYA": tree.analysis.accession,
        "insdc": tree.study.first_accession,
        "sample": tree.sample.first_accession,
        "run": tree.run.first_accession,
        "assembly": tree.assembly.first_accession,
        "publication": tree.publication.pk,
    }


@pytest.fixture
def world(db):
    """A public study, into which hidden things reach: a sample of it has private runs and a private study besides."""
    public = make_study(title="in the open")
    shared = make_sample(public)
    run = make_run(public, shared, metadata={"study_accession": public.first_accession})
    published = make_analysis(run, state="published")
    unpublished = make_analysis_of(run, "imported", pipeline_version="V6.1")
    private, suppressed = make_tree(level=1), make_tree(level=2)
    named = f"{public.first_accession};{private.study.first_accession};{CANARY}"
    EnaSample.objects.filter(pk=shared.ena_sample_id).update(metadata={"study_accession": named, "lat": "1"})
    run_of_private = make_run(private.study, shared, instrument_model=CANARY)
    ask_for_run(
        deployment="analyse_study_deployment",
        parameters={"study_accession": CANARY, "pipeline": CANARY},
        source="test",
        run_key="1",
        actor="test",
    )
    Decision.objects.create(question=CANARY, subject=CANARY, form={}, why=CANARY)
    both = {"study": public, "sample": shared, "run": run, "assembly": make_assembly(run)}
    both["publication"] = make_publication(
        public, private.study, suppressed.study, annotations={"sample_processing": [], "other": []}
    )
    both["super_study"] = make_super_study(public, private.study, related=[suppressed.study])
    make_analysis_of(both["assembly"], "imported")
    make_assembly(run, run_of_private, metadata={"alias": CANARY})
    seen, half = SimpleNamespace(analysis=published, **both), SimpleNamespace(analysis=unpublished, **both)
    return SimpleNamespace(public=seen, unpublished=half, private=private, suppressed=suppressed)


@pytest.fixture
def callers(client, bearer):
    return {
        "anonymous": client,
        "a token without read": bearer("launch"),
        "a bad token": bearer(text="mgn_" + "a" * 43),
        "no token of ours": bearer(text="eyJhbGciOiJIUzI1NiJ9.e30.x"),
    }


def details(accessions):
    """The URL of every operation on one thing."""
    key_of = {"insdc": "insdc", "studies": "MGYS", "analyses": "MGYA", "samples": "sample", "runs": "run"}
    key_of |= {"accessions": "run", "assemblies": "assembly"}
    for operation, path in gets().items():
        if "{pubmed_id}" in path:
            yield operation, path.format(pubmed_id=accessions["publication"])
        if "{accession}" in path:
            noun = "insdc" if "/insdc/" in path else path.split("/")[3]
            yield operation, path.format(accession=accessions[key_of[noun]], annotation_type="taxonomies__ssu")


def lists():
    queries = [
        f"search={CANARY}",
        "order=-updated_at",
        f"instrument_platform={CANARY}",
        "page=2&page_size=1",
        "biome_lineage=root",
    ]
    for path in gets().values():
        if "{" not in path:
            yield path
            yield from (f"{path}?{query}" for query in queries)


def told(answer):
    """All that a caller can tell by: without the request's own id."""
    headers = {name: value for name, value in answer.items() if name != "X-Request-Id"}
    return answer.status_code, headers, answer.content.replace(answer["X-Request-Id"].encode(), b"")


def says_canary(answer):
    return CANARY in (answer.content.decode() + str(answer.headers)).lower()


def test_hidden_and_missing_are_the_same_answer(world, callers):
    hidden = {"private": accessions_of(world.private), "suppressed": accessions_of(world.suppressed)}
    for who, client in callers.items():
        missing = dict(details(MISSING))
        for kind, accessions in hidden.items():
            for operation, url in details(accessions):
                for call in (client.get, client.head):
                    found, absent = told(call(url)), told(call(missing[operation]))
                    assert found == absent, (who, kind, operation)
                    assert found[0] == (401 if who in {"a bad token", "no token of ours"} else 404), (who, operation)


def test_an_unpublished_analysis_is_hidden_alike(world, callers):
    accessions = accessions_of(world.unpublished)
    missing = dict(details(MISSING))
    for who, client in callers.items():
        for operation, url in details(accessions):
            if url.startswith(f"{PREFIX}/analyses/"):
                assert told(client.get(url)) == told(client.get(missing[operation])), (who, operation)


def test_no_answer_of_any_caller_says_canary(world, callers, caplog):
    caplog.set_level(logging.DEBUG)
    trees = (world.public, world.unpublished, world.private, world.suppressed)
    urls = [url for tree in trees for _, url in details(accessions_of(tree))] + list(lists())
    urls.append(f"{PREFIX}/super-studies/{world.public.super_study.pk}")
    for who, client in callers.items():
        for url in urls:
            if who == "a token without read" and url.startswith((f"{PREFIX}/flow-runs", f"{PREFIX}/decisions")):
                continue  # it may launch, and so follow what was launched
            for answer in (client.get(url), client.head(url)):
                assert answer.status_code < 500, (who, url)
                body = answer.content.decode().replace(f"search={CANARY}", "").replace(f"platform={CANARY}", "")
                assert CANARY not in (body + str(answer.headers).replace(f"={CANARY}", "")).lower(), (who, url)
    assert CANARY not in caplog.text.lower().replace(f"={CANARY}", "")


def test_lists_and_counts_are_public_for_every_caller(world, callers, bearer):
    wanted = {"studies": 1, "samples": 1, "runs": 1, "analyses": 1, "assemblies": 1, "publications": 1}
    for who, client in (callers | {"staff": bearer("read")}).items():
        for noun, count in wanted.items():
            for query in ({}, {"order": ""}, {"search": ""}):
                assert client.get(f"{PREFIX}/{noun}/", query).json()["count"] == count, (who, noun)
        assert client.get(f"{PREFIX}/studies/", {"search": CANARY}).json() | {"next": None} == {
            "count": 0,
            "items": [],
            "next": None,
            "previous": None,
        }
        assert client.get(f"{PREFIX}/studies/", {"has_analyses_from_pipeline": "V6.1"}).json()["count"] == 0


def test_what_hangs_on_a_shared_sample_is_sifted(client, bearer, world):
    sample = world.public.sample.first_accession
    runs, studies = f"{PREFIX}/samples/{sample}/runs/", f"{PREFIX}/samples/{sample}"
    assert [run["accession"] for run in client.get(runs).json()["items"]] == [world.public.run.first_accession]
    assert [study["accession"] for study in client.get(studies).json()["studies"]] == [world.public.study.accession]
    staff = bearer("read")
    assert staff.get(runs).json()["count"] == 2
    assert len(staff.get(studies).json()["studies"]) == 2


def test_the_record_of_a_shared_sample_names_no_study(client, world):
    """Which studies it is in says ``studies``, which is sifted."""
    body = client.get(f"{PREFIX}/samples/{world.public.sample.first_accession}").json()
    assert body["metadata"] == {"lat": "1"}
    listed = client.get(f"{PREFIX}/studies/{world.public.study.accession}/samples/").json()["items"]
    assert [sample["metadata"] for sample in listed] == [{"lat": "1"}]


def test_a_hidden_sample_of_a_seen_analysis_is_null(client, bearer, world):
    """A run may move to another sample after its analysis was made."""
    Analysis.objects.filter(pk=world.public.analysis.pk).update(sample=world.private.sample)
    url = f"{PREFIX}/analyses/{world.public.analysis.accession}"
    assert client.get(url).json()["sample"] is None
    assert client.get(f"{PREFIX}/analyses/").json()["items"][0]["sample"] is None
    assert bearer("read").get(url).json()["sample"]["sample_title"] == f"{CANARY} sample"


def test_staff_who_may_not_read_private_things_read_as_anybody(world, bearer, client):
    """Neither their token nor their session does more than they may."""
    staff = get_user_model().objects.create_user("reader", is_staff=True)
    client.force_login(staff)
    private = f"{PREFIX}/studies/{world.private.study.accession}"
    token = bearer("read", user=staff)
    assert [caller.get(private).status_code for caller in (token, client)] == [404, 404]
    staff.user_permissions.add(Permission.objects.get(codename="view_private"))
    assert [caller.get(private).status_code for caller in (token, client)] == [200, 200]


def test_a_superuser_who_is_not_staff_reads_by_session(world, client):
    client.force_login(get_user_model().objects.create_user("root", is_superuser=True))
    assert client.get(f"{PREFIX}/studies/{world.private.study.accession}").status_code == 200


def test_staff_see_private_and_unpublished_things_and_nothing_suppressed(world, bearer):
    staff = bearer("read")
    for operation, url in details(accessions_of(world.private)):
        answer = staff.get(url)
        assert answer.status_code == 200, operation
        assert says_canary(answer) or operation.endswith("_accession") or "genome" in operation, operation
        assert answer["Cache-Control"] == "private, no-store"
    unpublished = f"{PREFIX}/analyses/{world.unpublished.analysis.accession}"
    assert staff.get(unpublished).status_code == 200
    run = f"{PREFIX}/runs/{world.public.run.first_accession}/analyses/"
    assert staff.get(run).json()["count"] == 1, "lists hold published analyses, for staff too"
    for operation, url in details(accessions_of(world.suppressed)):
        assert staff.get(url).status_code == 404, operation


def test_a_bad_token_does_not_break_public_pages(world, bearer):
    stale = bearer(text="stale")
    for url in (f"{PREFIX}/studies/", f"{PREFIX}/studies/{world.public.study.accession}", f"{PREFIX}/biomes/"):
        answer = stale.get(url)
        assert answer.status_code == 200
        assert answer["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    refused = stale.get(f"{PREFIX}/studies/{world.private.study.accession}")
    assert refused.json()["code"] == "token_not_valid"


def test_private_files_have_no_url_and_public_ones_have(world, client, bearer, settings):
    make_download(world.public.analysis, alias="a b.tsv")
    file = client.get(f"{PREFIX}/analyses/{world.public.analysis.accession}").json()["downloads"][0]
    assert file["url"].endswith("/V6/amplicon/taxonomy/a%20b.tsv")
    private = bearer("read").get(f"{PREFIX}/analyses/{world.private.analysis.accession}").json()
    assert (private["results_dir"], private["downloads"][0]["url"]) == (None, None)


def test_a_lineage_is_told_in_every_nesting(client, world):
    make_biome("root")
    body = client.get(f"{PREFIX}/samples/{world.public.sample.first_accession}").json()
    assert body["studies"][0]["biome"]["lineage"] == "root:Environmental:Aquatic:Marine"
