import gzip
import hashlib

import requests

from ena.standin.testing import running_standin

WRONG_ON_PURPOSE = {"ERR999000079"}
FIELDS = "run_accession,fastq_ftp,fastq_md5,fastq_bytes,read_count,base_count"


def test_served_sums_fit_served_files():
    with running_standin() as standin:
        search = f"{standin.url}/ena/portal/api/search"
        params = {"result": "read_run", "format": "json", "fields": FIELDS, "query": 'study_title="MADE UP*"'}
        rows = requests.get(search, params=params, timeout=10).json()
        checked = 0
        for row in rows:
            if row["run_accession"] in WRONG_ON_PURPOSE or not row["fastq_ftp"]:
                continue
            cells = (row[name].split(";") for name in ("fastq_ftp", "fastq_md5", "fastq_bytes"))
            bases = 0
            for url, md5, size in zip(*cells, strict=True):
                body = requests.get(f"{standin.url}/{url.partition('/')[2]}", timeout=10).content
                assert (hashlib.md5(body).hexdigest(), len(body)) == (md5, int(size)), url
                bases += sum(map(len, gzip.decompress(body).decode().splitlines()[1::4]))
                checked += 1
            assert bases == int(row["base_count"])
        assert checked > 30
        three_files = next(row for row in rows if row["run_accession"] == "ERR999000013")
        assert three_files["read_count"] == "1020"


def test_a_file_comes_in_parts():
    with running_standin() as standin:
        url = f"{standin.url}/vol1/fastq/ERR999/004/ERR999000004/ERR999000004.fastq.gz"
        whole = requests.get(url, timeout=10).content
        head = requests.head(url, timeout=10)
        assert (head.headers["Content-Length"], head.content) == (str(len(whole)), b"")
        for asked, expected in {"5-9": whole[5:10], "100-": whole[100:], "-7": whole[-7:]}.items():
            part = requests.get(url, headers={"Range": f"bytes={asked}"}, timeout=10)
            assert (part.status_code, part.content) == (206, expected)
        beyond = requests.get(url, headers={"Range": f"bytes={len(whole)}-"}, timeout=10)
        assert beyond.status_code == 416
