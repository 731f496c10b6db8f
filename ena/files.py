"""Which files of a run are its reads, and under which address they are fetched (``spec/ena.md`` §9). Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from ena.accessions import parse_accession

PUBLIC_HOST, PRIVATE_HOST = "ftp.sra.ebi.ac.uk", "ftp.dcc-private.ebi.ac.uk"
BUCKETS = {PUBLIC_HOST: "era-public", PRIVATE_HOST: "era-private"}
MATES = {"1", "2"}
LONG_READS = ("consensus", "subreads")
SINGLES = ("plain", "1", *LONG_READS)  # in the order of preference
EXTRA = set("3456789")
Listed = tuple[str, str | None, int | None]  # path, md5, bytes


class Layout(StrEnum):
    SINGLE = "SINGLE"
    PAIRED = "PAIRED"


class Role(StrEnum):
    SINGLE = "single"
    FORWARD = "forward"
    REVERSE = "reverse"
    OTHER = "other"  # kept, not used


class BadPath(ValueError):
    """Not a path below one of ENA's two hosts."""


@dataclass(frozen=True)
class ReadFile:
    """One file as ENA lists it. ``path`` has a host and no scheme; an empty sum or size is None, so unverified."""

    path: str
    role: Role
    md5: str | None
    bytes: int | None

    @property
    def filename(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class ReadFiles:
    """The files to use, mates in order, then those kept unused. A refusal is a state of this run, with its reason."""

    layout: Layout | None = None
    files: tuple[ReadFile, ...] = ()
    warnings: tuple[str, ...] = ()
    refusal: str = ""

    @property
    def reads(self) -> tuple[ReadFile, ...]:
        return tuple(file for file in self.files if file.role != Role.OTHER)


def choose_read_files(metadata: Mapping[str, str]) -> ReadFiles:
    """Choose by the names of the files that ENA lists, not by the layout that was declared.

    :param metadata: the record of a run: ``run_accession``, ``library_layout``, ``fastq_ftp``, ``_md5``, ``_bytes``
    """
    columns = [_cells(metadata.get(f"fastq_{what}", "")) for what in ("ftp", "md5", "bytes")]
    paths, sums, sizes = (column or [""] * len(columns[0]) for column in columns)
    if not paths:
        return ReadFiles(refusal="no_fastq")
    if not len(paths) == len(sums) == len(sizes):
        return ReadFiles(refusal="lists_differ")
    run = re.escape(parse_accession(metadata["run_accession"], ["run"]).text)
    name = re.compile(rf"\A{run}(?:_(1|2|[3-9]|consensus|subreads))?\.fastq\.gz\Z", re.ASCII)
    present: dict[str, Listed] = {}
    warnings: list[str] = []
    for path, md5, size in zip(paths, sums, sizes, strict=True):
        found = name.match(path.rpartition("/")[2])
        try:
            place = "/".join(_split(path))
        except BadPath:
            found = None
        if found is None:
            warnings.append("odd_name")
            continue
        is_size = re.fullmatch("[0-9]{1,18}", size)
        present[found.group(1) or "plain"] = (place, md5 or None, int(size) if is_size else None)
    return _decide(present, metadata.get("library_layout", ""), warnings)


def https_url(path: str) -> str:
    """Give the public address of a public file.

    :raises BadPath: another host, not below ``vol1/``, ``..`` or a control character
    """
    host, key = _split(path)
    if host != PUBLIC_HOST:
        raise BadPath(f"{path!r}: {host} serves no files publicly")
    return f"https://{host}/{quote(key)}"


def fire_uri(path: str) -> str:
    """Give the object of a file in FIRE, ``s3://era-public/…`` or ``s3://era-private/…``.

    :raises BadPath: as :func:`https_url`
    """
    host, key = _split(path)
    return f"s3://{BUCKETS[host]}/{key.removeprefix('vol1/')}"


def _decide(present: Mapping[str, Listed], declared: str, warnings: list[str]) -> ReadFiles:
    """The table of §9, top to bottom."""

    def listed(roles: Mapping[str, Role]) -> tuple[ReadFile, ...]:
        named = {**roles, **{name: Role.OTHER for name in present if name not in roles}}
        return tuple(ReadFile(present[name][0], role, *present[name][1:]) for name, role in named.items())

    def refused(why: str) -> ReadFiles:
        return ReadFiles(warnings=tuple(warnings), refusal=why)

    names = set(present)
    if names & EXTRA:
        warnings.append("extra_files")
    if names >= MATES:
        return ReadFiles(Layout.PAIRED, listed({"1": Role.FORWARD, "2": Role.REVERSE}), tuple(warnings))
    if "plain" in names and names & MATES:
        return refused("mate_missing")
    if "2" in names:
        return refused("second_mate_only")
    single = next((name for name in SINGLES if name in names), None)
    if single is None:
        return refused("no_fastq")
    if single in LONG_READS:
        warnings.append("long_read_product")
    elif declared == Layout.PAIRED:
        warnings.append("layout_differs")
    return ReadFiles(Layout.SINGLE, listed({single: Role.SINGLE}), tuple(warnings))


def _cells(value: str) -> list[str]:
    return value.split(";") if value else []


def _split(path: str) -> tuple[str, str]:
    host, _, key = path.removeprefix("ftp://").partition("/")
    if host not in BUCKETS or not key.startswith("vol1/") or not path.isprintable() or ".." in key.split("/"):
        raise BadPath(f"{path!r} is not below vol1/ of {' or '.join(BUCKETS)}")
    return host, key
