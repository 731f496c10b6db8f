import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db


def test_a_lost_column_is_told_before_it_hurts(standin, capsys):
    call_command("check_ena_fields")
    assert "Every wanted column is there" in capsys.readouterr().out
    match = {"result": "read_run", "path": "/returnFields"}
    standin.set_faults(
        [{"match": match, "times": None, "action": "rename_field", "field": "base_count", "to": "bases"}]
    )
    with pytest.raises(SystemExit) as ended:
        call_command("check_ena_fields")
    told = capsys.readouterr().out
    assert ended.value.code == 1
    assert "read_run of ena, lost: base_count" in told
    assert "read_run of ena, new: bases" in told
