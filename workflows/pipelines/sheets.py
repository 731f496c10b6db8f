"""Samplesheets: rows checked value by value (``spec/pipelines.md`` §1.2)."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

from emgapiv2.config import EMGConfig
from workflows.pipelines.declaration import Column, Declared, Member

ACCESSION = r"[A-Z]{3,6}[0-9]{4,12}"
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
WITH_SCHEME = re.compile(r"(?:https?|ftp|file)://\S+|/\S+")
WORDS = {True: "true", False: "false", None: ""}


class SheetRefused(ValueError):
    """``faults`` names member, column, value and what was expected of each bad value."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


def render_sheet(declared: Declared, members: Iterable[Member], config: EMGConfig) -> str:
    """The text of a sheet: header, LF, one line a member, sorted by accession; equal input gives equal bytes.

    :raises SheetRefused: all faults of all members
    """
    faults: list[str] = []
    seen: dict[str, set[str]] = {column.name: set() for column in declared.columns if column.unique}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in declared.columns])
    for member in sorted(members, key=lambda member: member.accession):
        row = {**declared.row(member, config), **member.edits}
        values = [_as_text(row.get(column.name)) for column in declared.columns]
        for column, value in zip(declared.columns, values, strict=True):
            if expected := _refusal(column, value, scheme_less=uses_fire(config)):
                faults.append(f"{member.accession}: {column.name} is {value!r}, expected {expected}")
            if column.unique and value in seen[column.name]:
                faults.append(f"{member.accession}: {column.name} is {value!r}, expected to be there once")
            if column.unique:
                seen[column.name].add(value)
        writer.writerow(values)
    if faults:
        raise SheetRefused(faults)
    return text.getvalue()


def uses_fire(config: EMGConfig) -> bool:
    """Whether pipelines map ENA's paths to its object store themselves."""
    return config.reads.reads_transport == "fire"


def reads_of(member: Member, config: EMGConfig) -> tuple[str, str]:
    """Where the read files are fetched; the second is empty for single reads. The chosen files say which it is."""
    first, second = (*(reads_value(file, config) for file in mates_of(member)), "", "")[:2]
    return first, second


def mates_of(member: Member) -> list[Mapping[str, Any]]:
    """One file of single reads, two of paired ones; not those that are left over beside them."""
    return [file for file in member.fastq_files if file["role"] != "other"]


def reads_value(file: Mapping[str, Any], config: EMGConfig) -> str:
    """Where a node fetches a read file; see :func:`address`."""
    return address(file["ftp_url"], config)


def address(listed: str, config: EMGConfig) -> str:
    """Where a node fetches a file that ENA lists, by the site's transport. A root replaces the host of ENA's path."""
    path = re.sub(r"\A\w+://", "", listed)
    root = config.reads.reads_url_root or config.ena.standin_url
    if root:
        return f"{root.rstrip('/')}/{path.partition('/')[2]}"
    transport = config.reads.reads_transport
    return path if transport in ("fire", "file") else f"{transport}://{path}"


def _as_text(value: object) -> str:
    return WORDS[value] if isinstance(value, bool) or value is None else str(value)


PATTERNS = {"accession": ACCESSION, "bool": "true|false", "reads": r"\S+", "path": r"/\S+", "text": ".*"}
PATTERNS |= {"int": "[0-9]{1,9}"}


def _refusal(column: Column, value: str, *, scheme_less: bool) -> str | None:
    """What was expected, if the value will not do."""
    if not value:
        return "a value" if column.required else None
    patterns = [PATTERNS[column.type], *([column.pattern] if column.pattern else [])]
    refusals = {
        "no line break or control character": CONTROL.search(value),
        f"{column.type} like {' and '.join(patterns)}": not all(re.fullmatch(p, value, re.ASCII) for p in patterns),
        # Nextflow would take an address without a scheme for a file of its own machine.
        "an address with a scheme": column.type == "reads" and not scheme_less and not WITH_SCHEME.fullmatch(value),
        "a path that does not climb": column.type in ("reads", "path") and ".." in value.split("/"),
    }
    return next((expected for expected, holds in refusals.items() if holds), None)
