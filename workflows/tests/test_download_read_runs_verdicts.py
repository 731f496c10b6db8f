"""``spec/pipelines.md`` §3.8, promise 52: a bad server costs one run, never the others."""

import hashlib
import json
import socketserver
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from workflows.tests.bundled import PIPELINES, BundledRun, load_script, merged_copy

fetching, downloading, listing = (
    load_script("download_read_runs", name) for name in ("fetch_reads", "download_run", "list_runs")
)
CONTENT = bytes(range(256)) * 40
MD5 = hashlib.md5(CONTENT).hexdigest()
GOOD, CUT, LYING, CHANGED, GONE, NO_FILES, UNEVEN = (f"ERR90000{n}" for n in range(1, 8))
HEADER = "run_accession\tfastq_ftp\tfastq_md5\tfastq_bytes\n"


class Server(ThreadingHTTPServer):
    """Serves ``CONTENT`` everywhere, but for what ``faults`` says of a path: a list, one taken an answer."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked, self.headers, self.faults, self.report = Counter(), {}, {}, HEADER

    def fault(self, path: str) -> str:
        waiting = self.faults.get(path, [])
        return waiting.pop(0) if len(waiting) > 1 else (waiting or [""])[0]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.partition("?")[0]
        self.server.asked[path] += 1
        self.server.headers[path] = self.headers
        fault = self.server.fault(path)
        body = self.server.report.encode() if path == "/filereport" else CONTENT
        if fault.isdigit():
            self.send_response(int(fault))
            self.send_header("Retry-After", "1")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault == "stall":
            self.wfile.write(body[:100])
            self.wfile.flush()
            time.sleep(1.5)
        elif fault == "cut":
            self.wfile.write(body[:-100])
            self.close_connection = True
        else:
            self.wfile.write(b"x" + body[1:] if fault == "change" else body)

    def log_message(self, *args):
        pass


@contextmanager
def serving():
    server = Server()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def server():
    with serving() as one:
        yield one


def fetch(server, target: Path, **changed):
    asked = {"size": len(CONTENT), "md5": MD5, "tries": 2, "timeout": 0.4, "backoff": 0.01} | changed
    return fetching.fetch([f"{server.url}/a.fastq.gz"], target, **asked)


@pytest.mark.parametrize(
    ("fault", "size", "reason"),
    [
        ("cut", len(CONTENT), "size_mismatch"),
        ("", 5, "size_mismatch"),
        ("", 10**9, "size_mismatch"),
        ("change", len(CONTENT), "md5_mismatch"),
        ("stall", len(CONTENT), "timeout"),
        ("404", len(CONTENT), "http_error"),
        ("500", len(CONTENT), "http_error"),
    ],
)
def test_each_fault_has_its_word_and_leaves_nothing(server, tmp_path, fault, size, reason):
    server.faults["/a.fastq.gz"] = [fault]
    with pytest.raises(fetching.FetchFailed) as failure:
        fetch(server, tmp_path / "a", size=size)
    assert failure.value.reason == reason
    assert list(tmp_path.iterdir()) == []
    assert server.asked["/a.fastq.gz"] == (1 if fault == "404" else 2)


@pytest.mark.parametrize("fault", ["cut", "change", "stall", "500"])
def test_a_passing_fault_is_tried_again(server, tmp_path, fault):
    server.faults["/a.fastq.gz"] = [fault, ""]
    fetch(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_retry_after_is_obeyed(server, tmp_path):
    server.faults["/a.fastq.gz"] = ["429", ""]
    started = time.monotonic()
    fetch(server, tmp_path / "a")
    assert time.monotonic() - started >= 1


def test_nobody_listening_is_an_error_of_that_file(tmp_path):
    with serving() as closed:
        pass
    with pytest.raises(fetching.FetchFailed, match="http_error"):
        fetch(closed, tmp_path / "a")


def test_the_password_goes_to_the_server_and_nowhere_else(server, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("ENA_USERNAME", "dcc")
    monkeypatch.setenv("ENA_PASSWORD", "sesame")
    fetch(server, tmp_path / "a")
    assert server.headers["/a.fastq.gz"]["Authorization"] == "Basic ZGNjOnNlc2FtZQ=="
    server.faults["/a.fastq.gz"] = ["403"]
    with pytest.raises(fetching.FetchFailed) as failure:
        fetch(server, tmp_path / "a")
    assert "sesame" not in str(failure.value) + "".join(capfd.readouterr())
    assert fetching.without_credentials("ftp://me:sesame@host:21/x") == "ftp://host:21/x"


def test_a_full_disk_ends_with_28_the_path_and_the_bytes_left(server, tmp_path):
    (tmp_path / "a.part").symlink_to("/dev/full")
    asked = f'{{"files": [{{"url": "{server.url}/a.fastq.gz", "name": "a"}}]}}'
    script = PIPELINES / "bin/fetch_reads.py"
    end = subprocess.run(
        [sys.executable, "-B", script], input=asked, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert end.returncode == 28
    assert f"disk full: cannot write {tmp_path}/a.part, " in end.stderr
    assert end.stderr.strip().endswith("bytes free")


ROW = {"fastq_ftp": "ftp.sra.ebi.ac.uk/vol1/x_1.fastq.gz", "fastq_md5": MD5, "fastq_bytes": "7"}


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        (dict.fromkeys(ROW, ""), "no_fastq"),
        ({"fastq_md5": f"{MD5};{MD5}"}, "bad_report"),
        ({"fastq_bytes": ""}, "bad_report"),
        ({"fastq_md5": "abc"}, "bad_report"),
        ({"fastq_ftp": "ftp.sra.ebi.ac.uk/vol1/../../$(reboot).gz"}, "bad_report"),
        ({"fastq_bytes": "101"}, "too_large"),
    ],
)
def test_a_run_that_cannot_be_fetched_is_refused_in_one_word(changed, word):
    with pytest.raises(downloading.Refused, match=f"^{word}$"):
        downloading.files_of(ROW | changed, root="", schemes=["https"], max_bytes=100)


def test_where_a_file_is_asked_for():
    path = "ftp.sra.ebi.ac.uk/vol1/x#1.gz"
    assert downloading.urls_of(path, root="", schemes=["https", "ftp"]) == [
        "https://ftp.sra.ebi.ac.uk/vol1/x%231.gz",
        "ftp://ftp.sra.ebi.ac.uk/vol1/x%231.gz",
    ]
    assert downloading.urls_of(path, root="file:///mirror/", schemes=["https"]) == ["file:///mirror/vol1/x%231.gz"]


@pytest.mark.parametrize("text", ["", "<html>busy</html>", "run_accession\tfastq_ftp\n", HEADER + "ERR1\tx\n"])
def test_an_answer_that_is_no_report_is_no_answer(tmp_path, text):
    (tmp_path / "report").write_text(text)
    with pytest.raises(fetching.FetchFailed, match="bad_answer"):
        listing.rows_of(tmp_path / "report")


def report_of(runs: dict[str, list[str]]) -> str:
    """A file report in which each run has the files named, all with the true sums."""
    lines = []
    for run, names in runs.items():
        lists = ([f"ena/vol1/{name}" for name in names], [MD5] * len(names), [str(len(CONTENT))] * len(names))
        lines.append("\t".join([run, *(";".join(one) for one in lists)]))
    return HEADER + "\n".join(lines) + "\n"


def words(path: Path) -> dict[str, str]:
    return dict(line.split(",") for line in path.read_text().splitlines())


@pytest.mark.nextflow
def test_bad_runs_are_verdicts_and_a_rerun_fetches_only_what_is_missing(server, tmp_path):
    pair = ["good_1.fastq.gz", "good_2.fastq.gz"]
    bad = {CUT: "cut", CHANGED: "change", GONE: "404"}
    files = {GOOD: pair, NO_FILES: [], **{run: [f"{run}_1.fastq.gz", f"{run}_2.fastq.gz"] for run in bad}}
    server.report = report_of(files) + f"{UNEVEN}\tena/a;ena/b\t{MD5}\t1;2\n{LYING}\tena/vol1/lie.gz\t{MD5}\t77\n"
    server.faults = {f"/vol1/{run}_2.fastq.gz": [fault] for run, fault in bad.items()}
    out = tmp_path / "out/SAMEA1"
    pipeline = BundledRun("download_read_runs", tmp_path)
    asked = {"sample": "SAMEA1", "outdir": tmp_path / "out", "portal_url": f"{server.url}/filereport", "tries": 1}
    asked["reads_url_root"] = server.url

    first = pipeline.run(**asked)
    assert first.returncode == 0, first.stdout + first.stderr
    assert words(out / "downloaded_runs.csv") == {GOOD: "ok"}
    assert words(out / "failed_runs.csv") == {
        CUT: "size_mismatch",
        LYING: "size_mismatch",
        CHANGED: "md5_mismatch",
        GONE: "http_error",
        NO_FILES: "no_fastq",
        UNEVEN: "bad_report",
    }
    assert sorted(path.name for path in out.glob("*/*")) == pair
    subprocess.run(["md5sum", "--quiet", "-c", "checksums.md5"], cwd=out, check=True)

    server.faults.clear()
    server.asked.clear()
    assert pipeline.run(**asked).returncode == 0
    assert set(words(out / "downloaded_runs.csv")) == {GOOD, CUT, CHANGED, GONE}
    assert set(server.asked) == {
        "/filereport",
        "/vol1/lie.gz",
        *(f"/vol1/{run}_{m}.fastq.gz" for run in bad for m in "12"),
    }


def run_script(folder: Path, name: str, asked: dict, *arguments: str) -> subprocess.CompletedProcess:
    script = merged_copy("download_read_runs", folder / "pipeline") / "bin" / name
    command = [sys.executable, "-B", script, *arguments]
    return subprocess.run(command, input=json.dumps(asked), cwd=folder, capture_output=True, text=True, check=False)


def test_no_answer_is_not_no_runs(server, tmp_path):
    asked = {"samples": ["SAMEA1"], "portal_url": f"{server.url}/filereport", "tries": 1, "timeout_seconds": 1}
    server.faults["/filereport"] = ["500"]
    end = run_script(tmp_path, "list_runs.py", asked)
    assert (end.returncode, "ENA did not answer for SAMEA1" in end.stderr) == (1, True)
    server.faults.clear()
    assert run_script(tmp_path, "list_runs.py", asked).returncode == 0
    assert (tmp_path / "runs.jsonl").read_text() == ""
    assert run_script(tmp_path, "summarise.py", asked).returncode == 0
    contents = {path.name: path.read_text() for path in (tmp_path / "SAMEA1").iterdir()}
    header = "sample\trun\tfile\turl\tbytes\tmd5\tstatus\tseconds\n"
    empty = dict.fromkeys(("checksums.md5", "downloaded_runs.csv", "failed_runs.csv"), "")
    assert contents == empty | {"manifest.tsv": header}


def test_a_mirror_on_disk_needs_no_network(tmp_path):
    mirror = tmp_path / "mirror/vol1"
    mirror.mkdir(parents=True)
    (mirror / "x_1.fastq.gz").write_bytes(CONTENT)
    asked = ROW | {"sample": "SAMEA1", "run_accession": GOOD, "fastq_bytes": str(len(CONTENT)), "max_bytes": 0}
    asked |= {"published": f"{tmp_path}/out", "reads_url_root": f"file://{tmp_path}/mirror/", "url_schemes": "https"}
    assert run_script(tmp_path, "download_run.py", asked | {"tries": 1, "timeout_seconds": 1}).returncode == 0
    assert (tmp_path / f"SAMEA1/{GOOD}/x_1.fastq.gz").read_bytes() == CONTENT


def test_ftp_is_spoken_too(tmp_path):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), OneFileFtp) as ftp:
        ftp.daemon_threads = True  # urllib leaves the connection of a refused file open
        threading.Thread(target=ftp.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        url = f"ftp://127.0.0.1:{ftp.server_address[1]}"
        assert fetching.fetch([f"{url}/vol1/a"], tmp_path / "a", md5=MD5, tries=1, timeout=2) == f"{url}/vol1/a"
        with pytest.raises(fetching.FetchFailed, match="http_error"):
            fetching.fetch([f"{url}/vol1/absent"], tmp_path / "b", tries=1, timeout=2)
        ftp.shutdown()
    assert (tmp_path / "a").read_bytes() == CONTENT


class OneFileFtp(socketserver.StreamRequestHandler):
    """As much of FTP as passive retrieval of one file needs."""

    def handle(self):
        data = socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        with data:
            self.answer("220 ready")
            while line := self.rfile.readline().decode().strip():
                verb, _, argument = line.partition(" ")
                if verb == "EPSV":
                    self.answer(f"229 passive (|||{data.server_address[1]}|)")
                elif verb == "PASV":
                    high, low = divmod(data.server_address[1], 256)
                    self.answer(f"227 passive (127,0,0,1,{high},{low})")
                elif verb == "RETR" and argument == "a":
                    self.answer(f"150 here it comes ({len(CONTENT)} bytes)")
                    connection, _ = data.get_request()
                    with connection:
                        connection.sendall(CONTENT)
                    self.answer("226 done")
                elif argument == "absent":
                    self.answer("550 no such file")
                else:
                    self.answer({"USER": "230 in", "CWD": "250 there", "QUIT": "221 bye"}.get(verb, "200 well"))

    def answer(self, text):
        self.wfile.write(f"{text}\r\n".encode())
