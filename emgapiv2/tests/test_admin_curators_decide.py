"""Each button of a curator calls its service, and who did what is kept."""

import json
import threading

import pytest
from django.contrib.admin.models import LogEntry

from analyses.models import AnalysisEvent, AssemblyEvent, ComputeResourceHeuristic, Publication, Run, SuperStudy
from analyses.tests.factories import (
    make_analysis,
    make_assembly,
    make_biome,
    make_publication,
    make_run,
    make_study,
    make_super_study,
)
from emgapiv2.tests.admin_buttons import operator, post, url_of
from emgapiv2.tests.callers import OWNER, request_of
from emgapiv2.tests.test_europe_pmc_down_is_cached_or_503 import EuropePmc
from ena.models import Study as EnaStudy
from ena.models import SyncRun, VisibilityEvent
from workflows.models import Attention, Notice

__all__ = ["operator"]
pytestmark = pytest.mark.django_db
CURATOR = ("view_study", "change_study")


@pytest.fixture
def europe_pmc(configure):
    server = EuropePmc()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/search"
    configure(europe_pmc={"articles_endpoint": url, "connect_seconds": 0.5, "read_seconds": 2})
    journal = {"volume": "7", "journal": {"isoabbreviation": "Gut"}}
    paper = {
        "title": "A <i>gut</i>",
        "pubYear": "2021",
        "authorString": "A, B",
        "pmcid": "PMC12",
        "journalInfo": journal,
    }
    server.body = json.dumps({"resultList": {"result": [paper]}}).encode()
    yield server
    server.shutdown()
    server.server_close()


def told(row):
    return [entry.change_message for entry in LogEntry.objects.filter(object_id=row.pk).order_by("pk")]


def test_a_paper_is_read_once_and_attached(operator, europe_pmc):
    client, study = operator(*CURATOR), make_study()
    for _ in range(2):
        assert post(client, url_of(study, "paper"), pubmed_id=33).status_code == 302
    paper = study.publications.get()
    assert (paper.pk, paper.title, paper.published_year) == (33, "A <i>gut</i>", 2021)
    assert paper.metadata == {"authors": "A, B", "volume": "7", "iso_journal": "Gut", "pubmed_central_id": 12}
    assert len(europe_pmc.asked) == 1
    assert told(study) == ["PMID 33 is attached"]
    assert "<i>gut" not in client.get(url_of(study, "change")).text


@pytest.mark.parametrize("trouble", [{"status": 500}, {"body": b"<html>"}, {"body": b'{"resultList": {"result": []}}'}])
def test_without_an_answer_nothing_is_attached(operator, europe_pmc, trouble):
    client, study = operator(*CURATOR), make_study()
    vars(europe_pmc).update(trouble)
    post(client, url_of(study, "paper"), pubmed_id=33)
    assert "Nothing was changed" in client.get(url_of(study, "change")).text
    assert not Publication.objects.exists()


def test_a_paper_is_about_the_studies_a_curator_says(operator, europe_pmc):
    first, second = make_study(), make_study()
    paper = make_publication(first, metadata={"isbn": "x"})
    client = operator("view_publication", "change_publication")
    assert first.accession in client.get(url_of(paper, "studies")).text
    assert "no such study" in post(client, url_of(paper, "studies"), studies="MGYS99999999").text
    post(client, url_of(paper, "studies"), studies=f"{second.accession}, {second.first_accession}")
    assert list(paper.studies.all()) == [second]
    post(client, url_of(paper, "refresh"))
    paper.refresh_from_db()
    assert (paper.title, paper.metadata["isbn"], paper.metadata["volume"]) == ("A <i>gut</i>", "x", "7")


def test_the_reads_study_is_suggested_and_confirmed(operator):
    reads, client = make_study(accession="PRJEB9"), operator(*CURATOR)
    study = make_study(title="Assembly of PRJEB9")
    assembly = make_assembly(assembly_study=study)
    assert "Its title names PRJEB9" in client.get(url_of(study, "reads")).text
    post(client, url_of(study, "reads"), reads_study="PRJEB9")
    assembly.refresh_from_db()
    assert assembly.reads_study == reads
    post(client, url_of(study, "reads"), reads_study=study.accession)
    assert "is the study itself" in client.get(url_of(study, "change")).text


def test_a_merge_is_first_told_and_then_done(operator):
    keep, drop, client = make_study(), make_study(), operator(*CURATOR)
    run = make_run(drop)
    post(client, url_of(drop, "merge"), keep=keep.accession)
    assert "1 of analyses_run.study" in client.get(url_of(drop, "change")).text
    assert Run.objects.get().study == drop
    assert post(client, url_of(drop, "merge"), keep=keep.accession, really="on").url == url_of(keep, "change")
    run.refresh_from_db()
    drop.refresh_from_db()
    assert (run.study, drop.merged_into) == (keep, keep)
    post(client, url_of(drop, "level"), level=0, reason="show it")
    assert "was merged into another study" in client.get(url_of(drop, "change")).text


def test_an_owner_is_set_and_a_look_asked_for(operator):
    study, client = make_study(level=1), operator(*CURATOR)
    post(client, url_of(study, "owner"), webin_account="somebody")
    assert "is not an accession" in client.get(url_of(study, "change")).text
    post(client, url_of(study, "owner"), webin_account=OWNER)
    study.ena_study.refresh_from_db()
    assert study.ena_study.webin_owner == OWNER
    assert VisibilityEvent.objects.get().actor == "staff:anna"
    EnaStudy.objects.update(next_look_at="2100-01-01T00:00Z")
    for _ in range(2):
        post(client, url_of(study, "look"))
    assert told(study) == [f"{OWNER} owns it", "A look is asked for"]


def test_a_study_is_watched_by_whoever_sees_it(operator):
    study, client = make_study(), operator("view_study")
    for _ in range(2):
        post(client, url_of(study, "watch"))
    assert study.watchers.get().user.username == "anna"
    assert "anna" in client.get(url_of(study, "change")).text
    post(client, url_of(study, "unwatch"))
    assert not study.watchers.exists()


def test_what_is_blocked_is_planned_again_and_what_runs_is_left_alone(operator):
    client = operator("view_analysis", "change_analysis", "view_assembly", "change_assembly")
    run = make_run(make_study())
    analysis, assembly = make_analysis(run, state="failed"), make_assembly(run, state="blocked")
    for row, to, events in ((analysis, "blocked", AnalysisEvent), (assembly, "planned", AssemblyEvent)):
        post(client, url_of(row, "move"), to=to, reason="seen")
        row.refresh_from_db()
        event = events.objects.latest("pk")
        assert (row.state, event.actor, event.reason_code, event.note) == (to, "staff:anna", "curator", "seen")
    running = make_analysis(make_run(run.study), state="running")
    for row, to in ((running, "planned"), (analysis, "completed"), (analysis, "published")):
        post(client, url_of(row, "move"), to=to, reason="no")
    assert [running.state, analysis.state] == ["running", "blocked"]
    assert "there is no move" in client.get(url_of(running, "change")).text


def test_held_absences_count_once_a_curator_says_so(operator):
    study = make_study()
    run = make_run(study)
    client = operator("view_syncrun", "change_syncrun")
    report = {"absent": [run.first_accession]}
    kept = {"study": study.ena_study, "actor": "test", "report": report, "finished_at": run.created_at}
    held = SyncRun.objects.create(kind="runs", outcome="held", **kept)
    post(client, url_of(held, "let-count"))
    run.refresh_from_db()
    held.refresh_from_db()
    assert (run.absent_since, held.outcome, held.report["let_count_by"]) == (run.created_at, "complete", "staff:anna")
    post(client, url_of(held, "let-count"))
    assert "nothing is held any more" in client.get(url_of(held, "change")).text


def test_a_request_is_answered(operator):
    asked, client = request_of(OWNER), operator("view_analysisrequest", "change_analysisrequest")
    post(client, url_of(asked, "answer"), to="accepted", note="soon")
    post(client, url_of(asked, "answer"), to="done")
    asked.refresh_from_db()
    assert asked.state == "accepted"
    assert (asked.events.latest("pk").actor, asked.events.latest("pk").note) == ("staff:anna", "soon")


def test_an_attention_is_done(operator):
    attention = Attention.objects.create(code="unknown_job", subject_kind="scheduler_job", subject_id="x 1", text="odd")
    client = operator("view_attention", "change_attention")
    post(client, url_of(attention, "done"), reason="cancelled by hand")
    attention.refresh_from_db()
    assert (attention.cleared_by, attention.cleared_because) == ("staff:anna", "cancelled by hand")
    assert attention.cleared_at
    assert url_of(attention, "done") not in client.get(url_of(attention, "change")).text


def test_an_uncertain_notice_is_sent_again_by_a_person(operator):
    notice = Notice.objects.create(key="x", channel="team", text="x", state="uncertain")
    post(operator("view_notice", "change_notice"), url_of(notice, "again"))
    notice.refresh_from_db()
    assert notice.state == "queued"


def test_a_super_study_is_written_and_its_studies_named(operator):
    study, other = make_study(), make_study()
    client = operator("view_superstudy", "add_superstudy", "change_superstudy")
    said = {"title": "Seas", "description": "*all*", "flagship": study.accession, "related": other.first_accession}
    add = url_of(make_super_study(), "change").rpartition("super-")[0] + "add/"
    assert "no such study" in post(client, add, slug="seas", **said | {"related": "MGYS99999999"}).text
    assert post(client, add, slug="seas", **said).status_code == 302
    seas = SuperStudy.objects.get(pk="seas")
    assert dict(seas.links.values_list("study", "is_flagship")) == {study.pk: True, other.pk: False}
    page = client.get(url_of(seas, "change")).text
    assert study.accession in page
    post(client, url_of(seas, "change"), **said | {"title": "All seas", "related": ""})
    seas.refresh_from_db()
    assert (seas.title, list(seas.studies.all())) == ("All seas", [study])


def test_advice_on_memory_is_given_changed_and_forgotten(operator):
    rights = [f"{what}_computeresourceheuristic" for what in ("view", "add", "change", "delete")]
    client, biome = operator(*rights, "view_biome"), make_biome()
    add = "/admin/analyses/computeresourceheuristic/add/"
    post(client, add, biome=biome.pk, assembler="", memory_gib="8")
    advice = ComputeResourceHeuristic.objects.get()
    post(client, url_of(advice, "change"), memory_gib="16")
    advice.refresh_from_db()
    assert (advice.biome, advice.memory_gib) == (biome, 16)
    client.post(url_of(advice, "delete"), {"post": "yes", "csrfmiddlewaretoken": client.cookies["csrftoken"].value})
    assert not ComputeResourceHeuristic.objects.exists()
