"""The drop-box as it is used: one study an alias, whatever answers are lost."""

import pytest

from ena.credentials import Credentials
from ena.drop_box import NewStudy, keep_registered, register_study
from ena.errors import CredentialsRefused, EnaUnavailable, RegistrationRefused
from ena.models import Study, Visibility
from ena.tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
OURS = Credentials("Webin-99900001", PASSWORD)
NEW = NewStudy("PRJEB99900001_assembly", 'Assemblies of "PRJEB99900001" & <others>', "All of them")
DROP_BOX = "/drop-box/submit/"


def test_an_alias_is_one_study_for_an_account(standin):
    made = register_study(NEW, credentials=OURS)
    assert [name[:3] for name in made] == ["PRJ", "ERP"]
    assert register_study(NEW, credentials=OURS) == made[:1]
    assert register_study(NEW, credentials=Credentials("mg-Webin-99900001", PASSWORD)) != made[:1]
    assert register_study(NEW, credentials=OURS, test_service=True) != made[:1]


@pytest.mark.parametrize("action", [{"action": "truncate", "keep_bytes": 80}, {"action": "hang", "hang_seconds": 1}])
def test_a_lost_answer_makes_no_second_study(standin, configure, action):
    configure(ena={"read_seconds": 0.3})
    standin.set_faults([{"match": {"path": DROP_BOX}, "times": 1, **action}])
    with pytest.raises(EnaUnavailable):
        register_study(NEW, credentials=OURS)
    (accession,) = register_study(NEW, credentials=OURS)[:1]
    assert standin.server.webin.registered.popitem()[1] == accession
    assert not standin.server.webin.registered


def test_no_is_no_and_a_proxys_page_is_no_answer(standin, fail):
    with pytest.raises(CredentialsRefused, match="password of Webin-99900001") as refused:
        register_study(NEW, credentials=Credentials("Webin-99900001", "not-the-password"))
    assert "not-the-password" not in str(refused.value)
    fail(DROP_BOX, action="status", status=200, body='<RECEIPT success="false"><ERROR>Bad title</ERROR></RECEIPT>')
    with pytest.raises(RegistrationRefused, match="Bad title"):
        register_study(NEW, credentials=OURS)
    fail(DROP_BOX, action="status", status=200, body="<html>maintenance</html>")
    with pytest.raises(EnaUnavailable):
        register_study(NEW, credentials=OURS)


def test_what_is_registered_is_mirrored_at_the_level_of_its_assemblies(standin):
    names = ["PRJEB99990001", "ERP99990001"]
    for _ in range(2):
        made = keep_registered(NEW, accessions=names, level=Visibility.PRIVATE, owner="Webin-99900001", actor="test")
    assert (made.visibility, made.webin_owner, made.metadata["study_alias"]) == (1, "Webin-99900001", NEW.alias)
    assert sorted(made.aliases.values_list("accession", flat=True)) == sorted(names)
    assert Study.objects.get() == made
