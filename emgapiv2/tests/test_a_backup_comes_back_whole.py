"""Both databases are dumped, put into empty ones, and the doctor finds nothing amiss there."""

import os
import subprocess
import sys
from contextlib import closing

import psycopg2
import pytest
from django.conf import settings
from django.db import connection

from analyses.tests.factories import make_analysis, make_run, make_study
from emgapiv2.backups import PREFECT_URL, both_databases
from emgapiv2.tests.admin_rows import make_flow_run, make_head, make_notice
from workflows.services.attention import raise_attention

pytestmark = [pytest.mark.prefect, pytest.mark.django_db(transaction=True)]


def manage(*arguments, **environment):
    argv = [sys.executable, "-W", "ignore", "manage.py", *map(str, arguments)]
    here = {"EMG_DATABASE__NAME": connection.settings_dict["NAME"], "EMG_CLUSTER__BACKEND": "local"}
    here["EMG_WEBIN__DCC_ACCOUNT"] = ""  # nobody asks ENA
    return subprocess.run(
        argv, cwd=settings.BASE_DIR, env=os.environ | here | environment, capture_output=True, text=True, check=False
    )


def on(database, statement, fetch=True):
    at = connection.settings_dict
    place = {"host": at["HOST"], "port": at["PORT"], "user": at["USER"], "password": at["PASSWORD"]}
    with closing(psycopg2.connect(**place, dbname=database)) as wire:
        wire.autocommit = True
        with wire.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if fetch else None


def counted(database):
    tables = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    return {table: on(database, f"SELECT count(*) FROM {table}")[0][0] for (table,) in on(database, tables)}


@pytest.fixture
def empty_ones(prefect_server):
    """The environment of an installation whose two databases are there and empty."""
    ours = f"{connection.settings_dict['NAME']}_restored"
    theirs = f"{ours}_prefect"
    for name in (ours, theirs):
        on("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", fetch=False)
        on("postgres", f"CREATE DATABASE {name}", fetch=False)
    yield {"EMG_DATABASE__NAME": ours, PREFECT_URL: f"{os.environ[PREFECT_URL].rpartition('/')[0]}/{theirs}"}
    for name in (ours, theirs):
        on("postgres", f"DROP DATABASE {name} WITH (FORCE)", fetch=False)


@pytest.fixture
def backup(empty_ones, tmp_path):
    study = make_study(level=1, title="canary")
    make_analysis(make_run(study))
    make_head(study)
    make_flow_run(study)
    make_notice(study)
    raise_attention(code="odd_verdict", subject_kind="batch", subject_id=1, text="shown", study=study)
    done = manage("backup", tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / done.stdout.strip().rpartition("/")[2]
    assert sorted(path.name for path in folder.iterdir()) == ["emg.dump", "manifest.json", "prefect.dump"]
    assert folder.stat().st_mode & 0o077 == 0, "private studies are in there"
    return folder


def test_everything_comes_back_and_the_doctor_is_content(backup, empty_ones):
    done = manage("restore", backup, **empty_ones)
    assert done.returncode == 0, done.stderr
    for before, name in zip(both_databases(), ["EMG_DATABASE__NAME", PREFECT_URL], strict=True):
        after = empty_ones[name].rpartition("/")[2]
        assert counted(after) == counted(before.dbname)
    doctor = manage("doctor", **empty_ones)
    assert (doctor.stdout.strip(), doctor.returncode) == ("all invariants hold", 0), doctor.stderr
    assert manage("migrate", "--check", **empty_ones).returncode == 0
    without_event = "UPDATE workflows_clusterjob SET state = 'SUCCEEDED'"
    with pytest.raises(psycopg2.Error):  # the guards came along
        on(empty_ones["EMG_DATABASE__NAME"], without_event, fetch=False)


def test_what_is_not_empty_or_damaged_is_refused_before_anything_is_written(backup, empty_ones):
    refused = manage("restore", backup)
    assert refused.returncode == 1
    assert refused.stderr.count("is not empty") == 2
    with (backup / "prefect.dump").open("r+b") as dump:
        dump.seek(100)
        dump.write(b"damage")
    refused = manage("restore", backup, **empty_ones)
    assert refused.returncode == 1
    assert "its digest differs" in refused.stderr
    assert counted(empty_ones["EMG_DATABASE__NAME"]) == {}


def test_a_dump_that_fails_leaves_no_backup(tmp_path, prefect_server):
    away = f"{os.environ[PREFECT_URL]}_of_no_such_name"
    done = manage("backup", tmp_path, **{PREFECT_URL: away})
    assert done.returncode == 1
    assert "pg_dump" in done.stderr
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
