"""What developers get: believable, once, and every command that is printed works."""

import io
import subprocess

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from analyses.models import Analysis, AnalysisState, Download, Study
from analyses.tests.factories import make_biome
from analyses.visibility import Actor, visible_to
from emgapiv2.dev_data.studies import BIOME, EMBARGOED, FIRST_OWNER, PRIVATE, SECOND_OWNER
from emgapiv2.groups import make_groups
from ena.tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


def told():
    out = io.StringIO()
    call_command("make_dev_data", stdout=out)
    return out.getvalue()


@pytest.mark.timeout(120)
def test_dev_data_is_there_once_and_each_actor_can_look(standin, configure, tmp_path, live_server, monkeypatch):
    configure(slurm={"ftp_results_dir": tmp_path / "public", "private_results_dir": tmp_path / "private"})
    configure(web={"debug": True}, service_urls={"site_url": live_server.url})
    monkeypatch.setenv("EMG_WEBIN__DCC_PASSWORD", PASSWORD)
    make_biome(BIOME)  # other tests empty all tables, what migrations have filled too
    make_groups()
    first = told()
    assert {*Analysis.objects.values_list("state", flat=True)} >= {*AnalysisState} - {"running", "imported"}
    assert {*Study.objects.values_list("visibility", flat=True)} == {0, 1, 2}
    for file in Download.objects.select_related("analysis"):
        place = tmp_path / file.analysis.results_area / file.analysis.external_results_dir / file.path
        assert place.stat().st_size == file.size_bytes
    for owner, accession in ((FIRST_OWNER, PRIVATE), (SECOND_OWNER, EMBARGOED)):
        assert visible_to(Study, Actor.owner(owner)).filter(ena_study__aliases__accession=accession).exists()
    commands = [line for line in first.splitlines() if line.startswith("curl ")]
    assert len(commands) == 4
    answers = [
        subprocess.run(["bash", "-c", one], check=True, capture_output=True, text=True).stdout for one in commands
    ]
    assert ["items" in answer for answer in answers] == [True] * 4, answers
    assert [PRIVATE in answer for answer in answers[:3]] == [False, True, False]
    assert [EMBARGOED in answer for answer in answers[:3]] == [False, False, True]
    for name in ("curator", "operator", "viewer"):
        assert Client().login(username=name, password="only-for-development")
    assert "nothing was added" in told()


def test_a_real_system_is_left_alone(configure):
    configure(web={"debug": False})
    with pytest.raises(CommandError, match="no development system"):
        told()
