"""The ready fault scripts: what a plain client sees of each, on the call where it should be seen."""

import pytest
import requests

from ena.standin.dataset import DATA
from ena.standin.testing import running_standin

PASSWORD = "of this test run"
RUNS = {"result": "read_run", "query": 'study_accession="PRJEB99900002"', "fields": "run_accession,instrument_model"}
CUT_FILE = "/vol1/fastq/ERR999/001/ERR999000001/ERR999000001_2.fastq.gz"


@pytest.fixture(scope="module")
def server():
    with running_standin(password=PASSWORD) as standin:
        yield standin


@pytest.fixture
def standin(server, request):
    server.reset()
    server.use_fault_script(request.param)
    return server


def with_script(name):
    return pytest.mark.parametrize("standin", [name], indirect=True, ids=[name])


def ask(standin, endpoint="search", *, timeout=5, auth=None, **params):
    url = f"{standin.url}/ena/portal/api/{endpoint}"
    return requests.get(url, params=RUNS | params, timeout=timeout, auth=auth)


def test_every_script_has_a_test():
    scripts = {path.stem for path in (DATA / "faults").iterdir()}
    marked = (mark for test in globals().values() for mark in getattr(test, "pytestmark", []))
    tested = {mark.kwargs["ids"][0] for mark in marked if "ids" in mark.kwargs}
    assert tested == scripts


@with_script("bad_credentials")
def test_bad_credentials(standin):
    assert ask(standin, auth=("dcc_metagenome", PASSWORD)).status_code == 401
    assert ask(standin).status_code == 200


@with_script("busy_then_fine")
def test_busy_then_fine(standin):
    answers = [ask(standin) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [429, 429, 429, 503, 200]
    assert answers[3].headers["Retry-After"] == "2"


@with_script("column_blank")
def test_column_blank(standin):
    assert {row["instrument_model"] for row in ask(standin, format="json").json()} == {""}


@with_script("connection_reset")
def test_connection_reset(standin):
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            ask(standin)
    assert ask(standin).status_code == 200


@with_script("cut_short")
def test_cut_short(standin):
    every_field = requests.get(f"{standin.url}/ena/portal/api/returnFields?result=read_run", timeout=5)
    names = ",".join(line.split("\t")[0] for line in every_field.text.splitlines()[1:])
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask(standin, fields=names)
    assert len(ask(standin).text.splitlines()) == 2
    assert len(ask(standin).text.splitlines()) == 5


@with_script("embargo_ends")
def test_embargo_ends(standin):
    private = 'study_accession="PRJEB99900004"'
    assert ask(standin, query=private, format="json").json() == []
    rows = ask(standin, query=private, fields="first_public,fastq_ftp", format="json").json()
    assert {row["first_public"] for row in rows} == {"2030-01-01"}
    assert all(row["fastq_ftp"].startswith("ftp.sra.ebi.ac.uk/") for row in rows)


@with_script("empty_for_ever")
def test_empty_for_ever(standin):
    answers = [ask(standin, result="study", fields="study_accession") for _ in range(4)]
    assert [(answer.status_code, answer.text) for answer in answers] == [(204, "")] * 4


@with_script("empty_list")
def test_empty_list(standin):
    assert [ask(standin, format="json").json() == [] for _ in range(2)] == [True, False]


@with_script("field_removed")
def test_field_removed(standin):
    assert ask(standin, fields="library_name").text == "Invalid fieldName(s) supplied: library_name"
    assert "library_name" not in ask(standin, "returnFields").text


@with_script("hangs")
def test_hangs(standin):
    with pytest.raises(requests.Timeout):
        ask(standin, timeout=0.3)
    assert ask(standin).status_code == 200


@with_script("html_with_200")
def test_html_with_200(standin):
    answer = ask(standin)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html")


@with_script("message_with_200")
def test_message_with_200(standin):
    assert ask(standin, format="json").json() == {"message": "An error has occurred"}


@with_script("renamed_field")
def test_renamed_field(standin):
    study = {"result": "study"}
    assert ask(standin, **study, fields="parent_study_accession").status_code == 400
    assert ask(standin, **study, fields="parent_study").text.startswith("parent_study\n")


@with_script("server_error")
def test_server_error(standin):
    assert [ask(standin).status_code for _ in range(3)] == [500, 500, 200]


@with_script("slow_drip")
def test_slow_drip(standin):
    url = f"{standin.url}/ena/portal/api/search"
    with requests.get(url, params=RUNS, timeout=5, stream=True) as answer:
        assert len(next(answer.iter_content(1))) == 1
        assert answer.elapsed.total_seconds() < 1


@with_script("study_goes_private")
def test_study_goes_private(standin):
    lines = [len(ask(standin).text.splitlines()) for _ in range(2)]
    assert lines == [5, 1]
    hub = {"dccDataOnly": "true", "dataPortal": "metagenome"}
    assert len(ask(standin, auth=("dcc_metagenome", PASSWORD), **hub).text.splitlines()) == 5


@with_script("wrong_count")
def test_wrong_count(standin):
    assert [ask(standin, "count").text for _ in range(2)] == ["count\n5\n", "count\n4\n"]


@with_script("wrong_file")
def test_wrong_file(standin):
    wrong, right = (requests.get(standin.url + CUT_FILE, timeout=5).content for _ in range(2))
    assert [place for place, byte in enumerate(wrong) if byte != right[place]] == [100]


def test_the_doors_of_faults_and_states_are_http_too(server):
    server.reset()
    door = f"{server.url}/_standin"
    rules = [{"match": {"path": "/count"}, "action": "status", "status": 418}]
    assert requests.post(f"{door}/faults", json=rules, timeout=5).status_code == 200
    assert ask(server, "count").status_code == 418
    assert requests.post(f"{door}/faults", json=[{"action": "explode"}], timeout=5).status_code == 400
    assert ask(server, "count").status_code == 418
    requests.delete(f"{door}/faults", timeout=5)
    requests.post(f"{door}/state", json={"accession": "ERP999002", "state": "killed"}, timeout=5)
    assert ask(server, "count").text == "count\n0\n"
    requests.delete(f"{door}/state", timeout=5)
    assert ask(server, "count").text == "count\n4\n"
