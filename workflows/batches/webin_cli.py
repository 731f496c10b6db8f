"""What webin-cli is given and what it says, as text (``spec/pipelines.md`` §3.4). Pure, but for its report's file."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from django.conf import settings

from analyses.models import Assembly, Run

OURS, BROKER = "ENA_WEBIN_PASSWORD", "ENA_BROKER_PASSWORD"  # names of secrets; the first is the variable it reads
REPORT = "webin-cli.report"
ACCESSION = re.compile(r"\b[EDS]RZ[0-9]{6,}\b")


class Step(StrEnum):
    VALIDATE = "validate"
    SUBMIT = "submit"


class Said(StrEnum):
    """What webin-cli came to."""

    VALID = "valid"
    SUBMITTED = "submitted"
    REHEARSED = "rehearsed"  # by ENA's test service, whose accessions mean nothing
    REFUSED_PASSWORD = "refused_password"  # noqa: S105 - a word
    AWAY = "away"  # a service of ENA did not answer it, or lost its answer
    FAILED = "failed"


DONE = (Said.VALID, Said.SUBMITTED, Said.REHEARSED)


@dataclass(frozen=True)
class Answer:
    said: Said
    text: str
    accession: str = ""


@dataclass(frozen=True)
class Upload:
    """``folder`` holds the manifest and what webin-cli writes.

    :param study: the accession of the one that is to hold it
    :param secret: names the account's password
    """

    assembly: Assembly
    study: str
    alias: str
    account: str
    secret: str
    folder: Path

    @property
    def manifest(self) -> Path:
        return self.folder / f"{self.alias}.manifest"


def manifest_of(upload: Upload, runs: list[Run], contigs: Path) -> str:
    """Tab-separated lines. No value brings a tab or a line of its own."""
    assembly = upload.assembly
    values = {
        "STUDY": upload.study,
        "SAMPLE": assembly.sample.first_accession,
        "RUN_REF": ",".join(run.first_accession for run in runs),
        "ASSEMBLYNAME": upload.alias,
        "ASSEMBLY_TYPE": "primary metagenome",
        "COVERAGE": assembly.metadata["coverage_depth"],
        "PROGRAM": f"{assembly.assembler.name} v{assembly.assembler.version}",
        "PLATFORM": ",".join(sorted({run.instrument_model for run in runs if run.instrument_model})),
        "FASTA": contigs,
        "TPA": "true" if upload.secret == OURS else "false",
    }
    return "".join(f"{name}\t{' '.join(str(value).split())}\n" for name, value in values.items())


def argv_of(upload: Upload, step: Step, out: Path, *, test_service: bool) -> list[str]:
    java = settings.EMG_CONFIG.nextflow.java_home
    return [
        f"{java}/bin/java" if java else "java",
        "-Xms2g",
        "-Xmx4g",
        "-jar",
        str(settings.EMG_CONFIG.webin.webin_cli_jar),
        "-context=genome",
        f"-manifest={upload.manifest}",
        f"-userName={upload.account}",
        f"-passwordEnv={OURS}",
        f"-outputDir={out}",
        f"-{step}",
        *(["-test"] if test_service else []),
    ]


def folder_in(argv: list[str]) -> Path:
    """Where the command writes its report."""
    option = "-outputDir="
    return Path(next(word.removeprefix(option) for word in argv if word.startswith(option)))


def read_answer(out: Path, step: Step) -> Answer:
    """By its report alone. An accession that was given to an earlier, lost submission is adopted."""
    text = (out / REPORT).read_text(errors="replace") if (out / REPORT).is_file() else ""
    found = set(ACCESSION.findall(text))
    otherwise = Answer(Said.AWAY if "A server error occurred" in text else Said.FAILED, text)
    if "Invalid submission account user name or password." in text:
        return Answer(Said.REFUSED_PASSWORD, text)
    if step == Step.VALIDATE:
        return Answer(Said.VALID, text) if "Submission(s) validated successfully." in text else otherwise
    if "This was a TEST submission(s)." in text:
        return Answer(Said.REHEARSED, text)
    done = "submission has been completed successfully" in text
    known = "object being added already exists in the submission account with accession" in text
    if (done or known) and len(found) == 1:
        return Answer(Said.SUBMITTED, text, found.pop())
    return otherwise
