import pytest
import requests

from ena.standin.testing import Standin, running_standin

PASSWORD = "of this test run"
HUB = ("dcc_metagenome", PASSWORD)
PRIVATE_FILE = "/vol1/fastq/ERR999/041/ERR999000041/ERR999000041_1.fastq.gz"


@pytest.fixture(scope="module")
def standin():
    with running_standin(password=PASSWORD, bulk_runs=300) as standin:
        yield standin


def ask(standin: Standin, endpoint: str, *, auth=None, **params) -> requests.Response:
    return requests.get(f"{standin.url}/ena/portal/api/{endpoint}", params=params, auth=auth, timeout=10)


def accessions(standin: Standin, result: str, query: str = "", **params) -> list[str]:
    answer = ask(standin, "search", result=result, query=query, **params)
    assert answer.status_code == 200, answer.text
    return [line.split("\t")[0] for line in answer.text.splitlines()[1:]]


def test_the_control_study_and_a_second_alias_are_found(standin):
    assert accessions(standin, "study", 'study_accession="PRJEB51728"') == ["PRJEB51728"]
    assert accessions(standin, "study", 'secondary_study_accession="ERP999013"') == ["PRJEB99900012"]
    assert accessions(standin, "study", 'study_accession="PRJEB9990001"') == []


def test_a_query_may_come_as_a_form(standin):
    form = {"result": "study", "query": 'study_accession="PRJEB99900001"'}
    for endpoint, expected in (("search", "PRJEB99900001"), ("count", "1")):
        answer = requests.post(f"{standin.url}/ena/portal/api/{endpoint}", data=form, timeout=10)
        assert answer.text.splitlines()[1].split("\t")[0] == expected


def test_order_differs_between_two_calls(standin):
    bulk = 'study_accession="PRJEB99910000"'
    first, second = (accessions(standin, "read_run", bulk, limit="0") for _ in range(2))
    assert first != second
    assert sorted(first) == sorted(second)
    assert len(accessions(standin, "read_run", bulk, limit="7")) == 7


def test_paging_is_refused_and_unknown_parameters_are_not(standin):
    refused = ask(standin, "search", result="study", offset="10")
    assert (refused.status_code, refused.text) == (400, "Unsupported param offset")
    assert ask(standin, "count", result="study", colour="blue").status_code == 200


def test_an_empty_answer_is_a_header_or_an_empty_array(standin):
    nothing = {"result": "study", "query": 'study_accession="PRJEB1"', "fields": "study_title,study_accession"}
    assert ask(standin, "search", **nothing).text == "study_title\tstudy_accession\n"
    assert ask(standin, "search", **nothing, format="json").json() == []


def test_dates_are_half_open_and_never_equal(standin):
    day, study = "2021-03-01", 'study_accession="PRJEB99900001"'
    assert accessions(standin, "study", f"{study} AND first_public={day}") == []
    assert accessions(standin, "study", f"{study} AND first_public<={day}") == []
    assert len(accessions(standin, "study", f"{study} AND first_public>={day} AND first_public<=2021-03-02")) == 1


def test_errors_are_worded_as_in_the_portal(standin):
    lost = ask(standin, "search", result="study", fields="study_accession,colour,shape")
    assert (lost.status_code, lost.text) == (400, "Invalid fieldName(s) supplied: colour,shape")
    searched = ask(standin, "search", result="study", query='colour="blue"')
    assert (searched.status_code, searched.text) == (400, "Invalid column (colour) has been provided in query")
    counted = ask(standin, "count", result="study", query='colour="blue"')
    assert (counted.status_code, counted.text) == (500, "Unknown search field:colour")
    assert ask(standin, "nowhere").json()["status"] == 404
    assert ask(standin, "results").text.startswith("resultId\tdescription\t")


def test_a_file_report_answers_one_public_accession(standin):
    def report(accession):
        answer = ask(standin, "filereport", accession=accession, result="read_run", fields="run_accession")
        return answer.status_code, answer.text.split()[1:]

    sample_runs = ["ERR999000001", "ERR999000002"]
    for accession in ("SAMEA999000002", "ERS99900002", "ERX99900003", "ERR999000003"):
        assert report(accession) == (200, ["ERR999000003"])
    assert report("SAMEA999000001") == (200, [*sample_runs, "ERR999000062"])
    for none in ("SAMEA999000001,SAMEA999000002", "SAMEA1", "PRJEB99900004"):
        assert report(none) == (200, [])


def test_a_type_is_sometimes_in_the_wrong_column(standin):
    rows = [line.split("\t") for line in ask(standin, "returnFields", result="read_run").text.splitlines()[1:]]
    misplaced = [description for _, description, type_ in rows if not type_]
    assert len(rows) / 12 < len(misplaced) < len(rows) / 10
    assert set(misplaced) <= {"text", "number", "date", "boolean", "latlon", "list", "taxonomy", "controlled value"}


def test_the_metagenome_portal_is_a_subset(standin):
    assert accessions(standin, "study", 'study_accession="PRJEB99900007"', dataPortal="metagenome") == []
    in_portal = set(accessions(standin, "study", dataPortal="metagenome"))
    assert in_portal == set(accessions(standin, "study")) - {"PRJEB99900007"}
    lost = "size_fraction_lower_threshold"
    assert ask(standin, "search", result="sample", fields=lost, dataPortal="metagenome").status_code == 400


def test_private_records_are_for_their_hub_on_its_portal(standin):
    private = {"result": "study", "query": 'study_accession="PRJEB99900004"', "dccDataOnly": "true"}
    count = {
        portal: ask(standin, "count", auth=HUB, dataPortal=portal, **private).text for portal in ("ena", "metagenome")
    }
    assert count == {"ena": "count\n0\n", "metagenome": "count\n1\n"}
    assert ask(standin, "count", **private).text == "count\n0\n"
    assert ask(standin, "count", auth=("dcc_metagenome", "wrong"), **private).status_code == 401
    with_public = accessions(standin, "study", dataPortal="metagenome")
    answer = ask(standin, "search", auth=HUB, result="study", dataPortal="metagenome")
    assert len(answer.text.splitlines()) - 1 == len(with_public) + 1
    assert [requests.get(standin.url + PRIVATE_FILE, auth=who, timeout=10).status_code for who in (None, HUB)] == [
        401,
        200,
    ]


def test_what_is_not_public_is_not_in_any_list(standin):
    for result in ("study", "sample", "read_run", "analysis", "read_study", "analysis_study", "read_experiment"):
        assert "canary" not in ask(standin, "search", result=result, format="json").text
    assert accessions(standin, "study", 'study_accession="PRJEB99900008"') == []
    assert accessions(standin, "read_study", 'study_accession="PRJEB99900008"') == ["PRJEB99900008"]


def test_the_browser_knows_suppressed_records_and_swaps_study_ids(standin):
    def xml(accession):
        return requests.get(f"{standin.url}/ena/browser/api/xml/{accession}", timeout=10)

    suppressed = xml("PRJEB99900005").text
    assert "<TAG>ENA-STATUS</TAG><VALUE>suppressed</VALUE>" in suppressed
    assert "<PRIMARY_ID>ERP999005</PRIMARY_ID><SECONDARY_ID>PRJEB99900005</SECONDARY_ID>" in suppressed
    statuses = [xml(a).status_code for a in ("PRJEB99900004", "PRJEB99900009", "ERR999000001,SAMEA999000001")]
    assert statuses == [404, 404, 400]
    assert xml("PRJEB1,PRJEB99900001").text.count("<STUDY ") == 1


def test_requests_are_logged_without_passwords(standin):
    ask(standin, "count", auth=HUB, result="study")
    log = requests.get(f"{standin.url}/_standin/requests", timeout=10)
    last = log.json()[-1]
    assert (last["path"], last["account"], last["status"]) == ("/ena/portal/api/count", "dcc_metagenome", 200)
    assert PASSWORD not in log.text
