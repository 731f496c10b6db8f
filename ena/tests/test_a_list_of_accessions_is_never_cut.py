import pytest

from ena.accessions import split_accessions
from ena.services import mirror_study


def test_a_list_of_accessions_is_never_cut_nor_joined():
    runs = [f"ERR{number}" for number in range(999000001, 999000100)]
    assert split_accessions(";".join([*runs, runs[0], ""])) == (runs, [])
    assert split_accessions("ERR123456;ERR1234;SRR123457") == (["ERR123456", "SRR123457"], ["ERR1234"])


@pytest.mark.django_db
def test_a_secondary_accession_finds_its_study(standin):
    study = mirror_study(accession="ERP999013", actor="test")
    assert study.accession == "PRJEB99900012"
    assert set(study.aliases.values_list("pk", flat=True)) == {"PRJEB99900012", "ERP999012", "ERP999013"}
    assert mirror_study(accession="erp999012", actor="test") == study
