"""The facts about Slurm that the protocol stands on (spec/cluster-jobs.md §2.1), asked of the real one."""

import secrets
import subprocess
import time
from pathlib import Path

import pytest

from workflows.cluster.backends import slurm as slurm_commands
from workflows.cluster.backends.base import BackendUnavailable, Limits, ReplyKind, SubmitRequest
from workflows.cluster.backends.slurm import parse_sacct, parse_squeue, parse_submit_reply, render_submit
from workflows.cluster.identity import new_token
from workflows.tests.cluster import fake_command

pytestmark = pytest.mark.slurm


def held(slurm, **changed):
    token = new_token()
    directory = slurm.root / token
    directory.mkdir()
    asked = {"cpus": 1, "memory_mib": 64, "time_limit_seconds": 60, "cancel_grace_seconds": 5}
    request = SubmitRequest(token=token, label="a fact", directory=directory, working_dir=slurm.root, **asked | changed)
    return request, slurm.backend.submit_held(request)


def until(look, is_so, *, seconds=10):
    """What the last look saw, once it is so."""
    deadline = time.monotonic() + seconds
    while not is_so(seen := look()):
        assert time.monotonic() < deadline, f"after {seconds} s it is still {seen}"
        time.sleep(0.1)
    return seen


def wait_for(slurm, request, word):
    return until(lambda: slurm.backend.find(request.token)[:1], lambda seen: [one.word for one in seen] == [word])[0]


def test_a_held_job_waits_is_found_by_name_and_goes_when_released(slurm):
    request, reply = held(slurm)
    assert reply.kind is ReplyKind.ID
    time.sleep(1)
    (seen,) = slurm.backend.find(request.token)
    assert (seen.job_id, seen.word, seen.reason) == (reply.job_id, "PENDING", "JobHeldUser")
    assert abs(seen.submit_time - time.time()) < 60
    slurm.backend.release([reply.job_id])
    wait_for(slurm, request, "RUNNING")  # and waits there for its fence
    assert not (request.directory / "started").exists()


def test_a_job_without_its_fence_goes_home(slurm):
    """Released by anybody but us: it never runs anything."""
    request, reply = held(slurm)
    (request.directory / "job_id").write_text("another")
    slurm.backend.release([reply.job_id])
    wait_for(slurm, request, "FAILED")
    assert not (request.directory / "started").exists()
    for _ in range(50):
        records = slurm.backend.account([reply.job_id])
        if records and records[-1].word == "FAILED" and records[-1].ended_at:
            break
        time.sleep(0.2)
    assert records[-1].exit_code == 99


def test_release_of_several_with_a_bad_one_releases_the_good_and_says_so(slurm):
    request, reply = held(slurm)
    (request.directory / "job_id").write_text("another")
    with pytest.raises(BackendUnavailable):
        slurm.backend.release(["999999", reply.job_id])
    wait_for(slurm, request, "FAILED")


def test_a_cancelled_held_job_never_runs_and_unknown_ids_are_no_error(slurm):
    request, reply = held(slurm)
    slurm.backend.cancel([reply.job_id, "999999"], gentle=False)
    wait_for(slurm, request, "CANCELLED")
    assert not (request.directory / "started").exists()


def test_a_swept_child_has_no_last_word(slurm):
    """Nextflow's own script writes how it ended, whatever ends it; one that waits for room goes as well."""
    script = "trap 'echo 143 > last-word' EXIT; trap 'kill %1' TERM; touch begun; sleep 100 & wait"
    options = ["--parsable", f"--chdir={slurm.root}", "--mem=64", "--output=/dev/null", f"--wrap={script}"]
    ids = []
    for more in ([], ["--hold"]):
        argv = ["sbatch", f"--job-name={new_token()}.1", *options, *more]
        ids.append(subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip())
    until((slurm.root / "begun").exists, bool)
    with pytest.raises(BackendUnavailable):
        slurm.backend.sweep(["999999", *ids])
    ended = {"FAILED", "CANCELLED"}
    until(lambda: {seen.word for seen in slurm.backend.observe() if seen.job_id in ids}, ended.__eq__)
    assert not (slurm.root / "last-word").exists()


def test_what_can_never_run_is_refused(slurm):
    for changed in ({"partition": "no-such"}, {"partition": "a;b"}):
        _, reply = held(slurm, **changed)
        assert reply.kind is ReplyKind.REFUSED, reply


def test_nothing_of_our_environment_travels(slurm, monkeypatch):
    monkeypatch.setenv("SBATCH_PARTITION", "no-such")
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "1")
    _, reply = held(slurm)
    assert reply.kind is ReplyKind.ID


def test_the_listing_knows_only_our_user(slurm):
    users = subprocess.run(["squeue", "-h", "-t", "all", "-o", "%u"], capture_output=True, text=True, check=True)
    assert len(slurm.backend.observe()) <= len(users.stdout.splitlines())


@pytest.mark.parametrize(
    ("answer", "kind", "job_id"),
    [
        ((0, "12\n", ""), ReplyKind.ID, "12"),
        ((0, "12;donco\n", ""), ReplyKind.ID, "12"),
        ((0, "welcome\n12\n", ""), ReplyKind.ID, "12"),
        ((0, "", ""), ReplyKind.UNKNOWN, None),
        ((0, "12\n13\n", ""), ReplyKind.UNKNOWN, None),
        ((0, "Submitted\n", ""), ReplyKind.UNKNOWN, None),
        ((1, "12\n", "sbatch: error: Socket timed out on send/recv operation"), ReplyKind.UNKNOWN, None),
        ((124, "", ""), ReplyKind.UNKNOWN, None),
        ((1, "", "Unable to contact slurm controller (connect failure)"), ReplyKind.UNKNOWN, None),
        ((1, "", "sbatch: error: Batch job submission failed: Invalid qos specification"), ReplyKind.REFUSED, None),
        ((1, "", "error: Memory specification can not be satisfied"), ReplyKind.REFUSED, None),
        ((1, "", "error: QOSMaxSubmitJobPerUserLimit"), ReplyKind.BUSY, None),
        ((1, "", "something new"), ReplyKind.UNKNOWN, None),
    ],
)
def test_a_reply_means(answer, kind, job_id):
    reply = parse_submit_reply(*answer)
    assert (reply.kind, reply.job_id) == (kind, job_id)


def test_listings_are_read_whatever_a_name_holds():
    (seen, other) = parse_squeue("5|RUNNING|None|100|101|a|b|c\nstrange\n6_[1-9]|PENDING|Priority|100|N/A|dj.x\n")
    assert (seen.name, seen.started_at, seen.submit_time) == ("a|b|c", 101, 100)
    assert (other.job_id, other.started_at) == ("6_[1-9]", None)


def test_accounting_takes_the_peak_of_the_steps():
    rows = [
        ["5", "OUT_OF_MEMORY", "0:125", "100", "101", "160", "59", "1-01:01:01.500", "", "n1", "name"],
        ["5.batch", "OUT_OF_MEMORY", "0:125", "101", "101", "160", "59", "00:01", "1.5G", "n1", "batch"],
        ["5.0", "COMPLETED", "0:0", "101", "101", "160", "59", "00:01", "356K", "n1", "x"],
    ]
    (record,) = parse_sacct("\n".join("\x1f".join(row) for row in rows))
    assert (record.peak_rss_mib, record.cpu_seconds, record.signal) == (1536, 90061.5, 125)
    assert (record.started_at, record.ended_at) == (101, 160)


def test_a_name_for_people_cannot_break_the_command():
    request = SubmitRequest("t", "a; rm -rf $(x) ü" + secrets.token_hex(200), Path("/d"), Path("/w"), 1, 1, 61, 1)
    argv = render_submit(request, Path("/bin/x.sh"))
    (comment,) = [part for part in argv if part.startswith("--comment=")]
    assert set(comment) <= set("abcdefghijklmnopqrstuvwxyz0123456789=_-")
    assert "--time=2" in argv
    assert argv[-2:] == ["/bin/x.sh", "/d"]


def test_limits_that_were_not_told_are_asked_for_again(slurm, tmp_path, monkeypatch):
    slurm_commands._limits_of_partitions.cache_clear()
    fake_command(tmp_path / "fakes", "sinfo", "exit 1", monkeypatch)
    assert slurm.backend.limits("short") == Limits()
    fake_command(tmp_path / "fakes", "sinfo", 'printf "%s\\n" "short*|30:00|100+" "short*|30:00|200"', monkeypatch)
    assert slurm.backend.limits("short") == slurm.backend.limits("") == Limits(1800, 200)
    slurm_commands._limits_of_partitions.cache_clear()
