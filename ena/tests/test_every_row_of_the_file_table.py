import pytest

from ena.files import BadPath, Layout, choose_read_files, fire_uri, https_url

RUN = "ERR999000001"
FOLDER = "ftp.sra.ebi.ac.uk/vol1/fastq/ERR999/001/ERR999000001"
PATH = f"{FOLDER}/{RUN}_1.fastq.gz"


def chosen(*endings, declared="PAIRED", **columns):
    paths = [f"{FOLDER}/{RUN}{ending}.fastq.gz" for ending in endings]
    record = {"run_accession": RUN, "library_layout": declared, "fastq_ftp": ";".join(paths)} | columns
    files = choose_read_files(record)
    names = [file.filename.removeprefix(RUN).removesuffix(".fastq.gz") for file in files.reads]
    return files.refusal or files.layout, names, list(files.warnings)


@pytest.mark.parametrize(
    ("endings", "declared", "expected"),
    [
        (["_1", "_2"], "PAIRED", (Layout.PAIRED, ["_1", "_2"], [])),
        (["", "_2", "_1"], "SINGLE", (Layout.PAIRED, ["_1", "_2"], [])),
        (["_1", "_2", "_3"], "PAIRED", (Layout.PAIRED, ["_1", "_2"], ["extra_files"])),
        ([""], "SINGLE", (Layout.SINGLE, [""], [])),
        ([""], "PAIRED", (Layout.SINGLE, [""], ["layout_differs"])),
        (["_1"], "PAIRED", (Layout.SINGLE, ["_1"], ["layout_differs"])),
        (["_2"], "PAIRED", ("second_mate_only", [], [])),
        (["", "_1"], "PAIRED", ("mate_missing", [], [])),
        (["", "_2"], "PAIRED", ("mate_missing", [], [])),
        (["_subreads", "_consensus"], "SINGLE", (Layout.SINGLE, ["_consensus"], ["long_read_product"])),
        (["_subreads"], "SINGLE", (Layout.SINGLE, ["_subreads"], ["long_read_product"])),
        ([], "PAIRED", ("no_fastq", [], [])),
        (["_1_2"], "PAIRED", ("no_fastq", [], ["odd_name"])),
    ],
)
def test_every_row_of_the_file_table(endings, declared, expected):
    assert chosen(*endings, declared=declared) == expected


def test_lists_of_unequal_length_are_refused_and_missing_sums_are_unverified():
    assert chosen("_1", "_2", fastq_md5="abc")[0] == "lists_differ"
    record = {"run_accession": RUN, "fastq_ftp": PATH, "fastq_md5": "abc", "fastq_bytes": ""}
    (file,) = choose_read_files(record).files
    assert (file.md5, file.bytes) == ("abc", None)
    (file,) = choose_read_files(record | {"fastq_ftp": f"ftp://{PATH}", "fastq_bytes": "1\u00b2"}).files
    assert (file.path, file.bytes) == (PATH, None)


def test_a_mate_in_the_folder_name_means_nothing():
    record = {
        "run_accession": RUN,
        "library_layout": "SINGLE",
        "fastq_ftp": f"ftp.sra.ebi.ac.uk/vol1/a_2/{RUN}.fastq.gz",
    }
    assert choose_read_files(record).layout == Layout.SINGLE


def test_fire_names():
    assert fire_uri("ftp.sra.ebi.ac.uk/vol1/fastq/x.gz") == "s3://era-public/fastq/x.gz"
    assert fire_uri("ftp.dcc-private.ebi.ac.uk/vol1/x y.gz") == "s3://era-private/x y.gz"
    assert https_url("ftp.sra.ebi.ac.uk/vol1/x y.gz") == "https://ftp.sra.ebi.ac.uk/vol1/x%20y.gz"
    for path in (
        "evil.org/vol1/x",
        "ftp.sra.ebi.ac.uk/vol2/x",
        "ftp.sra.ebi.ac.uk/vol1/../x",
        "ftp.sra.ebi.ac.uk/vol1/x\n",
    ):
        with pytest.raises(BadPath):
            fire_uri(path)
    with pytest.raises(BadPath):
        https_url("ftp.dcc-private.ebi.ac.uk/vol1/x.gz")
