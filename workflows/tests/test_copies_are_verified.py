import contextlib
import hashlib
import json
import resource
import subprocess
import sys

import pytest

from workflows.cluster.copying import COPIER, PathRefused, PlanLine, check_ends, read_report, report_of, write_plan

CONTENT = {"a.tsv": "one\n", "deep/b.html": "<html>\n" * 1000, "empty": ""}


@pytest.fixture
def source(tmp_path):
    for name, text in CONTENT.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "source"


def plan_for(source, target, **changed):
    return write_plan(
        source.parent / "plans",
        [PlanLine(str(source / name), str(target), name, changed.get(name, len(CONTENT[name]))) for name in CONTENT],
    )


def run(plan, *arguments, preexec=None):
    command = [sys.executable, "-I", "-S", str(COPIER), str(plan), str(report_of(plan)), *arguments]
    return subprocess.run(command, capture_output=True, text=True, preexec_fn=preexec, check=False)


def files_below(target):
    return sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())


def test_a_whole_copy_has_every_digest_and_a_second_one_copies_nothing(source, tmp_path):
    plan = plan_for(source, tmp_path / "public" / "x")
    assert run(plan, "--sums", "checksums.sha256").returncode == 0
    ((target, lines),) = read_report(plan)[0].items()
    assert {line["path"] for line in lines} == set(CONTENT)
    for line in lines:
        text = CONTENT[line["path"]].encode()
        assert (line["bytes"], line["sha256"]) == (len(text), hashlib.sha256(text).hexdigest())
        assert line["md5"] == hashlib.md5(text).hexdigest()
    before = (tmp_path / "public" / "x").stat().st_ino
    assert (
        subprocess.run(["sha256sum", "-c", "checksums.sha256"], cwd=target, capture_output=True, check=False).returncode
        == 0
    )
    assert run(plan, "--sums", "checksums.sha256").returncode == 0
    assert all(line["skipped"] for line in read_report(plan)[0][target])
    assert (tmp_path / "public" / "x").stat().st_ino == before


@pytest.mark.parametrize("damage", ["missing", "short", "other"])
def test_what_is_not_as_planned_leaves_the_target_as_it_was(source, tmp_path, damage):
    target = tmp_path / "public" / "x"
    target.mkdir(parents=True)
    (target / "served.txt").write_text("before")
    line = PlanLine(str(source / "a.tsv"), str(target), "a.tsv", 4, hashlib.sha256(b"one\n").hexdigest())
    plan = write_plan(tmp_path / "plans", [line])
    if damage == "missing":
        (source / "a.tsv").unlink()
    else:
        (source / "a.tsv").write_text("on" if damage == "short" else "two\n")
    done = run(plan)
    assert done.returncode == 1
    assert f"{source}/a.tsv (4 bytes)" in done.stderr
    verified, refused = read_report(plan)
    assert verified == {}
    assert "a.tsv" in refused[str(target)]
    assert files_below(tmp_path / "public") == ["x/served.txt"]


def test_one_bad_folder_does_not_keep_the_others_back(source, tmp_path):
    lines = [PlanLine(str(source / "a.tsv"), str(tmp_path / name), "a.tsv", 4) for name in ("good", "bad")]
    lines.append(PlanLine(str(source / "gone"), str(tmp_path / "bad"), "gone", 1))
    plan = write_plan(tmp_path / "plans", lines)
    assert run(plan).returncode == 1
    verified, refused = read_report(plan)
    assert set(verified) == {str(tmp_path / "good")}
    assert set(refused) == {str(tmp_path / "bad")}
    assert not (tmp_path / "bad").exists()


def test_a_full_disk_is_told_with_path_and_bytes_and_the_next_copy_succeeds(source, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    plan = plan_for(source, disk / "x")
    with small_disk(disk) as limit:
        done = run(plan, preexec=limit)
        assert done.returncode == 1
        assert str(disk / "x") in done.stderr
        assert f"({len(CONTENT['deep/b.html'])} bytes)" in done.stderr
        assert files_below(disk) == []
    assert run(plan).returncode == 0
    assert set(files_below(disk / "x")) == set(CONTENT)


@contextlib.contextmanager
def small_disk(folder):
    """4 KiB of tmpfs where we may mount; else a limit on the size of files, which a writer meets in the same place."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        try:
            yield None
        finally:
            subprocess.run(["umount", str(folder)], check=True)
    else:
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def test_a_killed_copier_is_made_good_by_the_next(source, tmp_path):
    target = tmp_path / "public" / "x"
    plan = plan_for(source, target)
    assert run(plan).returncode == 0
    target.rename(target.with_name("x.replaced-dead"))  # killed between its two renames
    (tmp_path / "public" / "x.incoming-dead").mkdir()
    assert run(plan).returncode == 0
    assert {path.name for path in (tmp_path / "public").iterdir()} == {"x"}
    assert all(line["skipped"] for line in read_report(plan)[0][str(target)])


def test_moving_removes_the_source_only_after_the_proof(source, tmp_path):
    plan = plan_for(source, tmp_path / "x")
    (source / "a.tsv").write_text("changed since")
    assert run(plan, "--move").returncode == 1
    assert files_below(source) == sorted(CONTENT)
    (source / "a.tsv").write_text(CONTENT["a.tsv"])
    assert run(plan, "--move").returncode == 0
    assert files_below(source) == []
    assert run(plan, "--move").returncode == 0  # asked again by somebody who did not hear the answer


def test_moving_the_rest_does_not_replace_what_was_moved_before(source, tmp_path):
    assert run(plan_for(source, tmp_path / "x"), "--move").returncode == 0
    (source / "later.tsv").write_text("later")
    rest = write_plan(tmp_path / "plans", [PlanLine(str(source / "later.tsv"), str(tmp_path / "x"), "later.tsv", 5)])
    assert run(rest, "--move").returncode == 1
    assert "not in the plan" in read_report(rest)[1][str(tmp_path / "x")]
    assert files_below(tmp_path / "x") == sorted(CONTENT)
    assert files_below(source) == ["later.tsv"]


@pytest.mark.parametrize("damage", ["a digit", "a line", "a path"])
def test_a_report_that_was_touched_is_not_believed(source, tmp_path, damage):
    plan = plan_for(source, tmp_path / "x")
    run(plan)
    report = report_of(plan)
    lines = report.read_text().splitlines()
    entry = json.loads(lines[0])
    if damage == "a digit":
        lines[0] = json.dumps(entry | {"bytes": entry["bytes"] + 1})
    elif damage == "a line":
        del lines[0]
    else:
        lines[0] = json.dumps(entry | {"path": "other"})
    report.write_text("\n".join(lines) + "\n")
    assert read_report(plan)[0] == {}


def test_both_ends_stay_under_their_roots(tmp_path):
    for name in ("work", "public", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "work" / "link").symlink_to(tmp_path / "elsewhere")
    roots = {"sources": [tmp_path / "work"], "targets": [tmp_path / "public"]}
    check_ends(tmp_path / "work" / "a", tmp_path / "public" / "a", **roots)
    for source, target in [("work/link/a", "public/a"), ("work/a", "public/../elsewhere"), ("elsewhere", "public")]:
        with pytest.raises(PathRefused, match="is not under"):
            check_ends(tmp_path / source, tmp_path / target, **roots)
    with pytest.raises(PathRefused, match="lies in the other"):
        check_ends(tmp_path / "work", tmp_path / "work" / "in", sources=[tmp_path], targets=[tmp_path])
