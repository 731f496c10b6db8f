"""``run_job.sh`` by itself, and both backends: argv and environment arrive as they were given."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from workflows.cluster import node
from workflows.cluster.job_files import job_directory, read_marker, write_fence, write_job_directory
from workflows.tests.cluster import is_final, run_passes_until

RUN_JOB = Path(node.__file__).parent / "run_job.sh"
TOKEN = "djtestaaaaaaaaaaaaaaaaaaaa"
ENDS = 60
NASTY = ["", " a  b ", "$(touch hacked) `id` $HOME", "new\nline", "'\"\\", "ü;|&*?"]


@pytest.fixture
def write(settings, tmp_path):
    cluster = settings.EMG_CONFIG.cluster.model_copy(update={"state_root": tmp_path})
    settings.EMG_CONFIG = settings.EMG_CONFIG.model_copy(update={"cluster": cluster})

    def write(*argv, environment=None, working_dir=tmp_path, fence="7"):
        write_job_directory(
            token=TOKEN,
            intent={"working_dir": str(working_dir)},
            argv=argv,
            environment={"PATH": os.environ["PATH"]} | (environment or {}),
            secrets={},
            files={},
        )
        if fence:
            write_fence(TOKEN, fence)
        return job_directory(TOKEN)

    return write


def start(directory, **environment):
    environment = {"PATH": os.environ["PATH"], "SLURM_JOB_ID": "7", "LEAK": "1"} | environment
    with (directory / "out.log").open("a") as log:
        return subprocess.Popen(["bash", RUN_JOB, directory], env=environment, stdout=log, stderr=log)


def run(directory):
    return start(directory).wait(20)


def wait_for(path):
    for _ in range(100):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} never came")


def test_argv_and_environment_arrive_unchanged(cluster):
    show = "import os, sys; print(ascii((sys.argv[1:], os.environ.get('NASTY'), 'LEAK' in os.environ)))"
    os.environ["LEAK"] = "1"
    job = cluster.start(argv=["python3", "-c", show, *NASTY], environment={"NASTY": "".join(NASTY)})
    del os.environ["LEAK"]
    run_passes_until(is_final(job))
    assert job.attempts.get().log_tail == ascii((NASTY, "".join(NASTY), False))


def test_nothing_runs_without_its_own_fence(write):
    directory = write("touch", "ran", fence="8")
    assert run(directory) == 99
    assert not (directory / "started").exists()


def test_a_requeued_job_does_not_run_again(write):
    directory = write("bash", "-c", "echo x >> ran")
    assert [run(directory), run(directory)] == [0, 97]
    assert (directory.parents[2] / "ran").read_text() == "x\n"


def test_what_a_command_writes_others_may_read_as_ever(write):
    directory = write("touch", "made")
    assert run(directory) == 0
    probe = directory / "probe"
    probe.touch()
    assert (directory.parents[2] / "made").stat().st_mode == probe.stat().st_mode


def test_a_folder_that_is_not_there_is_told(write):
    directory = write("true", working_dir="/no/such/folder")
    assert run(directory) == 98
    assert "/no/such/folder" in (directory / "out.log").read_text()


@pytest.mark.parametrize(
    ("sent", "why", "script", "codes"),
    [
        (signal.SIGTERM, "term", "sleep 30 & wait", (143, 143)),
        (signal.SIGTERM, "term", "trap 'sleep 0.3; exit 4' TERM; sleep 30 & wait", (4, 4)),
        (signal.SIGUSR1, "time_limit", "trap 'exit 0' TERM; sleep 30 & wait", (140, 0)),
    ],
)
def test_a_signal_reaches_the_command_and_the_true_end_is_told(write, sent, why, script, codes):
    directory = write("bash", "-c", f"touch ready; {script}")
    process = start(directory)
    wait_for(directory.parents[2] / "ready")
    time.sleep(0.2)
    while process.poll() is None:  # as each pass does
        process.send_signal(sent)
        time.sleep(0.5)
    code = process.returncode
    marker = read_marker(TOKEN, "7")
    assert (code, marker.exit_code, marker.why) == (*codes, why)
    assert read_marker(TOKEN, "8") is None


def test_a_killed_command_is_told_too(write):
    directory = write("bash", "-c", "kill -9 $$")
    assert run(directory) == 137
    assert read_marker(TOKEN, "7").signal == 9
    assert (directory / "out.log").read_text() == ""


def test_an_end_in_the_instant_of_a_beat_is_heard_whole(write):
    """The script listens for five seconds at a time; a time that is over between two digits lost the first."""
    template, running = write("true"), {}
    for place in range(ENDS):
        directory = template.with_name(f"{TOKEN[:-2]}{place // 10 + 2}{place % 10}")
        shutil.copytree(template, directory)
        (directory / "argv").write_bytes(f"bash\0-c\0sleep $0; exit 13\0{4.97 + 0.001 * place:.3f}\0".encode())
        running[directory] = start(directory)
    assert {process.wait(30) for process in running.values()} == {13}
    assert {(directory / "exit").read_text().split()[1] for directory in running} == {"13"}
