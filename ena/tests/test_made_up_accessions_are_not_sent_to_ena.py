import pytest

from ena import questions
from ena.errors import MadeUpAccessionSentToEna


@pytest.mark.parametrize("accession", ["PRJEB99900001", "ERP999001", "SAMEA999000001", "ERR999000001", "ERZ99900001"])
def test_made_up_accessions_are_not_sent_to_ena(db, standin, configure, accession):
    api = f"{standin.url}/ena/portal/api"
    configure(ena={"standin_url": None, "portal_api": api, "browser_api": f"{standin.url}/ena/browser/api"})
    with pytest.raises(MadeUpAccessionSentToEna, match=accession):
        questions.search(
            result="study", query=f'study_accession="{accession}"', fields=["study_accession"], portal="ena"
        )
    with pytest.raises(MadeUpAccessionSentToEna):
        questions.record_status(accession)
    assert standin.requests() == []
