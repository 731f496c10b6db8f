"""Where a batch lives, where its results are served, and which folders are its own (``spec/pipelines.md`` §2.1)."""

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from analyses.models import Analysis, ExperimentType, ResultsArea, Study
from ena.models import Visibility
from workflows.models import Batch
from workflows.pipelines.declaration import Pipeline

OWNER_FILE = ".emg-owned.json"
FOLDER_MODE = 0o770
GIB = 1024**3


class FolderIsAnothers(Exception):
    """A folder that exists and is not this batch's."""


class DiskTooFull(Exception):
    """Less space than ``EMG_BATCHES__MIN_FREE_GIB``; the text has path and numbers."""


class NotReachable(OSError):
    """A folder that must be there is not, as where a disk is not mounted: nothing can be said of what lies in it."""


@dataclass(frozen=True)
class Places:
    """The folders of one batch; ``launch`` is where the head starts, ``outdir`` where results go."""

    base: Path
    work: Path

    @property
    def outdir(self) -> Path:
        return self.base / "results"

    @property
    def launch(self) -> Path:
        return self.base / "launch"

    @property
    def copies(self) -> Path:
        return self.base / "publish"

    def sheet(self, number: int) -> Path:
        return self.base / "samplesheets" / f"round-{number}.csv"

    def params(self, number: int) -> Path:
        return self.base / "params" / f"round-{number}.json"

    def reports(self, number: int) -> Path:
        return self.base / "reports" / f"round-{number}"


def ena_accession(study: Study) -> str:
    """What paths and keys are made of.

    :raises ValueError: the study is not ENA's, so that nothing can be run for it
    """
    if study.first_accession is None:
        raise ValueError(f"{study} has no accession of ENA")
    return study.first_accession


def places_for(pipeline: Pipeline, *, study: Study, key: str) -> Places:
    below = Path(ena_accession(study)) / f"{pipeline.name}_{pipeline.version}" / key
    slurm = settings.EMG_CONFIG.slurm
    return Places(slurm.default_workdir / below, slurm.default_nextflow_workdir / below)


def places_of(batch: Batch) -> Places:
    return Places(Path(batch.base_dir), Path(batch.work_dir))


def reachable_places_of(batch: Batch) -> Places:
    """:raises NotReachable: a base without its owner's file would pass for one without results"""
    places = places_of(batch)
    if not (places.base / OWNER_FILE).is_file():
        raise NotReachable(f"{places.base} is not there: is its disk mounted?")
    return places


def folder_of(analysis: Analysis) -> str:
    """The published folder below its root. Nothing in it comes from a title or alias."""
    study, subject = ena_accession(analysis.study), str((analysis.run or analysis.assembly).first_accession)
    label = "assembly" if analysis.assembly else ExperimentType(analysis.experiment_type).label.lower()
    return f"{study[:-3]}/{study}/{subject[:-3]}/{subject}/{analysis.pipeline_version}/{label}"


def root_of(area: str) -> Path:
    slurm = settings.EMG_CONFIG.slurm
    return slurm.ftp_results_dir if area == ResultsArea.PUBLIC else slurm.private_results_dir


def area_of(level: int) -> ResultsArea | None:
    """Where files of that level belong. None: suppressed, they belong nowhere."""
    return {Visibility.PUBLIC: ResultsArea.PUBLIC, Visibility.PRIVATE: ResultsArea.PRIVATE}.get(Visibility(level))


def remove_strays(folder: str, *, area: str | None) -> list[str]:
    """Remove every copy of a served folder that lies in another area than its own, with what a killed copier left
    beside it.

    :raises NotReachable: a root of results is not there
    """
    strays: list[Path] = []
    for root in (root_of(other) for other in (ResultsArea.PUBLIC, ResultsArea.PRIVATE) if other != area):
        if not root.is_dir():
            raise NotReachable(f"{root} is not there: whether it holds {folder} cannot be told")
        left = [(root / folder).parent.glob(Path(folder).name + infix) for infix in ("", ".incoming-*", ".replaced-*")]
        strays += [path for paths in left for path in paths]
    for path in strays:
        shutil.rmtree(path)
    return [str(path) for path in strays]


def claim_folders(batch: Batch) -> Places:
    """Make the batch's folders and put its name on them; safe to repeat.

    :raises FolderIsAnothers: with the path and the owner that was found
    """
    places = places_of(batch)
    for folder, role in ((places.base, "base"), (places.work, "work")):
        _claim(folder, {"batch": str(batch.pk), "key": batch.key, "slug": batch.slug, "role": role})
    for folder in (places.launch, places.outdir):
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    return places


def _claim(folder: Path, owner: dict[str, str]) -> None:
    """The owner's file is written elsewhere first and linked: it is there whole, or not, and never overwritten."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    folder.chmod(FOLDER_MODE)  # whatever the umask made of it
    marker = folder / OWNER_FILE
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".owner-") as file:
        file.write(json.dumps({**owner, "created": timezone.now().isoformat()}))
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, marker)
        except FileExistsError:
            found = json.loads(marker.read_text())
            if {name: found.get(name) for name in owner} != owner:
                raise FolderIsAnothers(f"{folder} belongs to {found}, not to {owner}") from None


def check_free_space(places: Places) -> None:
    """Before a folder is made. :raises DiskTooFull: naming each that would have too little"""
    least = settings.EMG_CONFIG.batches.min_free_gib
    free = {folder: shutil.disk_usage(_nearest(folder)).free / GIB for folder in (places.base, places.work)}
    faults = [f"{folder}: {gib:.1f} GiB free, needed are {least:g}" for folder, gib in free.items() if gib < least]
    if faults:
        raise DiskTooFull("; ".join(faults) + " (EMG_BATCHES__MIN_FREE_GIB). Make room, then start the flow again")


def _nearest(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())
