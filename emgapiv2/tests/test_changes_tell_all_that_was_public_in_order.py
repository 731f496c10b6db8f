"""A copy that follows the feed holds what is public, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest

from analyses.models import Analysis, Run, Sample, Study, Withdrawal
from analyses.tests.factories import make_analysis, make_run, make_study
from emgapiv2.tests.operations import PREFIX

pytestmark = pytest.mark.django_db
CHANGES = f"{PREFIX}/changes/"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(rows, minutes):
    """Give rows the time of their last change, long after they were made: 10 minutes past noon."""
    moment = NOON + timedelta(minutes=minutes)
    if rows.model is Withdrawal:
        rows.update(withdrawn_at=moment)
    else:
        rows.update(updated_at=moment, created_at=NOON - timedelta(days=1))


def follow(client, url, copy):
    """A mirror: what it is told changes its copy, and where the feed stands is where it goes on another day."""
    while items := (answer := client.get(url).json())["items"]:
        for one in items:
            assert one["change"] in {"created", "updated", "withdrawn"}
            (copy.discard if one["change"] == "withdrawn" else copy.add)((one["kind"], one["accession"]))
        url = answer["next"]
    return answer["next"]


@pytest.fixture
def study():
    study = make_study()
    run = make_run(study)
    make_analysis(run, state="published")
    make_analysis(run, state="imported", pipeline_version="V6.1")
    make_run(make_study(level=1))
    at(Run.objects.all(), 3)
    for model in (Study, Sample, Analysis):
        at(model.objects.all(), 1)
    return study


@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_copy_holds_what_is_public_whatever_the_size_of_a_page(client, study, size):
    copy = set()
    place = follow(client, f"{CHANGES}?page_size={size}", copy)
    run, analysis = study.runs.get(), study.analyses.get(is_ready=True)
    assert copy == {
        ("study", study.accession),
        ("sample", run.sample.first_accession),
        ("run", run.first_accession),
        ("analysis", analysis.accession),
    }
    Study.objects.filter(pk=study.pk).update(own_visibility=1)
    at(Withdrawal.objects.all(), 10)
    place = follow(client, place, copy)
    assert copy == set()
    Study.objects.filter(pk=study.pk).update(own_visibility=0)
    at(Study.objects.filter(pk=study.pk), 20)
    place = follow(client, place, copy)
    assert copy == {("study", study.accession)}, "withdrawn, and released again"
    Study.objects.filter(pk=study.pk).update(own_visibility=1)
    at(Withdrawal.objects.filter(withdrawn_at__gt=NOON + timedelta(minutes=10)), 30)
    follow(client, place, copy)
    assert copy == set()


def test_what_may_still_be_overtaken_is_not_told_yet(client):
    """A transaction that began before may yet commit: its time would lie behind where readers stand."""
    make_study()
    answer = client.get(CHANGES)
    assert answer.json()["items"] == []
    assert answer["Link"] == f'<{answer.json()["next"]}>; rel="next"'
    assert answer["X-Updated-Through"]
    at(Study.objects.all(), 0)
    assert len(client.get(answer.json()["next"]).json()["items"]) == 1


def test_a_feed_may_begin_at_a_time_and_a_cursor_may_not_be_made_up(client, study):
    later = (NOON + timedelta(minutes=2)).isoformat()
    items = client.get(CHANGES, {"updated_since": later}).json()["items"]
    assert [(one["kind"], one["change"], one["at"]) for one in items] == [
        ("run", "updated", "2026-01-01T12:03:00.000Z")
    ]
    assert client.get(CHANGES, {"cursor": "made up"}).status_code == 422
    Study.objects.filter(pk=study.pk).update(created_at=NOON)
    first = client.get(CHANGES, {"page_size": 1}).json()["items"][0]
    assert (first["kind"], first["change"]) == ("study", "created")
