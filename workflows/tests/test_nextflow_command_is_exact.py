import json
import os
import shutil
import subprocess
from dataclasses import replace

import pytest

from emgapiv2.config import Nextflow
from workflows.cluster.directories import base_environment
from workflows.cluster.requests import NextflowCall
from workflows.nextflow.command import render
from workflows.nextflow.overlay import TRACE_FIELDS, Tasks

TOKEN = "djab2c" + "d" * 20
SESSION = "5b1c3a52-5a0e-5d32-9a0f-0123456789ab"
CALL = NextflowCall(
    project_dir="/pipelines/amplicon/0123456789abcdef",
    main="main.nf",
    params_file="/base/params/round-1.json",
    work_dir="/work/of/the batch",
    launch_dir="/base/launch",
    session_id=SESSION,
)
SITE = Nextflow(executable="/opt/nextflow", home="/state/nxf")
TASKS = Tasks(executor="slurm", cpus=2, memory_mib=2048)
HISTORY = f"2026-01-01 00:00:00\t5s\tdjab2c{'e' * 20}\tERR\ta8d9b81a2b\t{SESSION}\tnextflow run main.nf\n"


def command(call=CALL, *, site=SITE, history=None, **tasks):
    tasks, environment = replace(TASKS, **tasks), {"PATH": "/bin"}
    return render(
        call, token=TOKEN, directory="/jobs/t", history=history, site=site, environment=environment, tasks=tasks
    )


def test_the_command_of_a_first_attempt():
    assert command().argv == [
        *("/opt/nextflow", "-log", "/jobs/t/nextflow.log", "run", "/pipelines/amplicon/0123456789abcdef/main.nf"),
        *("-name", TOKEN, "-params-file", "/base/params/round-1.json", "-c", "/jobs/t/overlay.config"),
        *("-work-dir", "/work/of/the batch", "-with-trace", "/jobs/t/trace.tsv", "-ansi-log", "false"),
    ]


def test_the_site_comes_before_the_overlay_and_profiles_are_given():
    argv = command(replace(CALL, profile="ebi,singularity", site_config="/etc/site.config")).argv
    start = argv.index("-profile")
    assert argv[start : start + 6] == [
        *("-profile", "ebi,singularity", "-c", "/etc/site.config", "-c", "/jobs/t/overlay.config")
    ]


@pytest.mark.parametrize(
    ("history", "resumed"),
    [
        (None, False),
        ("", False),
        (HISTORY.replace(SESSION, SESSION.replace("5", "6")), False),
        (f"{SESSION}\n", False),
        (HISTORY, True),
    ],
)
def test_only_a_session_that_the_history_knows_is_resumed(history, resumed):
    rendered = command(history=history)
    assert rendered.resumed is resumed
    assert rendered.argv[-2:] == (["-resume", SESSION] if resumed else ["-ansi-log", "false"])
    assert rendered.environment.get("NXF_UUID") == (None if resumed else SESSION)


def test_the_environment_is_the_sites_and_ours():
    site = SITE.model_copy(update={"java_home": "/java", "plugins_dir": "/plugins", "version": "24.10.0"})
    assert command(site=site).environment == {
        "PATH": "/bin",
        "JAVA_HOME": "/java",
        "NXF_VER": "24.10.0",
        "NXF_HOME": "/state/nxf",
        "NXF_PLUGINS_DIR": "/plugins",
        "NXF_OFFLINE": "true",
        "NXF_DISABLE_CHECK_LATEST": "true",
        "NXF_ANSI_LOG": "false",
        "NXF_OPTS": "-Xmx1433m",
        "NXF_UUID": SESSION,
    }
    assert command(memory_mib=300).environment["NXF_OPTS"] == "-Xmx256m"


def test_the_overlay_names_children_after_their_head():
    overlay = command(queue="short").files["overlay.config"]
    assert overlay.count(f'jobName = {{ ("{TOKEN}." + task.hash).take(256) }}') == 2
    assert f'fields = "{TRACE_FIELDS}"' in overlay
    assert 'queue = "short"' in overlay
    assert "resourceLimits" not in overlay


def test_a_task_never_asks_for_more_time_than_its_partition_gives():
    overlay = command(longest_minutes=60).files["overlay.config"]
    assert "resourceLimits = [time: '60 min']" in overlay


def test_a_local_head_keeps_its_tasks_within_its_own_job():
    overlay = command(executor="local").files["overlay.config"]
    assert "cpus = 2\n    memory = '2048 MB'" in overlay
    assert "resourceLimits = [cpus: 2, memory: '2048 MB']" in overlay


def test_a_dollar_in_a_value_is_no_groovy():
    assert r'queue = "a\$b\"c"' in command(queue='a$b"c').files["overlay.config"]


PIPELINE = """
process HELLO {
    memory '100 MB'
    errorStrategy 'finish'
    input: val x
    output: path 'x.txt'
    script: "echo $x > x.txt; [ $x = 1 ] || [ -e $params.ok ]"
}
workflow { HELLO(channel.of(1, 2)) }
"""


# The other executor is what whole batches run on in the tests of the pipelines.
EXECUTOR = "slurm" if shutil.which("sbatch") else "local"
QUICK_START = {"NXF_JVM_ARGS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}


@pytest.fixture
def run_head(tmp_path, settings):
    """Runs one head by hand, its directory as the job layer makes it."""
    if not shutil.which(settings.EMG_CONFIG.nextflow.executable):
        pytest.skip("no Nextflow here")
    project, launch = tmp_path / "project", tmp_path / "launch"
    project.mkdir()
    launch.mkdir()
    (project / "main.nf").write_text(PIPELINE)
    history, params = launch / ".nextflow" / "history", tmp_path / "params.json"
    call = replace(
        CALL, project_dir=str(project), params_file=str(params), work_dir=str(tmp_path / "work"), launch_dir=str(launch)
    )

    params.write_text(json.dumps({"ok": str(tmp_path / "ok")}))

    def run(token):
        directory = tmp_path / token
        directory.mkdir()
        rendered = render(
            call,
            token=token,
            directory=directory,
            history=history.read_text() if history.exists() else None,
            site=settings.EMG_CONFIG.nextflow,
            environment=base_environment(),
            tasks=Tasks(executor=EXECUTOR, cpus=2, memory_mib=1024),
        )
        for name, text in rendered.files.items():
            (directory / name).write_text(text)
        environment = rendered.environment | QUICK_START
        ended = subprocess.run(rendered.argv, env=environment, cwd=launch, capture_output=True, check=False)
        header, *rows = [line.split("\t") for line in (directory / "trace.tsv").read_text().splitlines()]
        return ended.returncode, [dict(zip(header, row, strict=True)) for row in rows]

    return run, tmp_path / "ok"


@pytest.mark.nextflow
def test_a_real_head_resumes_its_session_and_its_children_carry_its_token(run_head):
    run, ok = run_head
    first, second = (f"dj{os.urandom(12).hex().translate(str.maketrans('0189', 'wxyz'))}" for _ in range(2))
    code, rows = run(first)
    assert code != 0
    assert "FAILED" in {row["status"] for row in rows}
    if EXECUTOR == "slurm":
        listed = subprocess.run(
            ["squeue", "-h", "-t", "all", "-o", "%i|%j"], capture_output=True, text=True, check=True
        )
        names = dict(line.split("|", 1) for line in listed.stdout.splitlines())
        assert {names[row["native_id"]].partition(".")[0] for row in rows} == {first}
    ok.touch()
    code, rows = run(second)
    assert code == 0
    assert sorted(row["status"] for row in rows) == ["CACHED", "COMPLETED"]
