"""Reads made from references and a seed (``spec/ena.md`` §12.4).

Only ``Random.random()`` is drawn from, because the other methods changed between Python versions.
Compressed bytes may differ between zlib builds, so sums are taken when a file is made.
"""

import gzip
import hashlib
import json
import os
import shutil
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, astuple, dataclass
from itertools import accumulate, groupby
from math import log
from pathlib import Path
from random import Random
from tempfile import mkdtemp

GENERATOR_VERSION = 1
COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
SSU_FRAGMENT = 450
# A longer read than this is a long read: its fragment is as long as the read.
LONGEST_SHORT_FRAGMENT = 400

Reference = list[tuple[str, str]]
"""(id, sequence), in file order."""


@dataclass(frozen=True)
class Recipe:
    """One line of ``reads.tsv``; ``seed`` already holds the server's own."""

    accession: str
    path: str
    reference: str
    mate: str
    records: int
    record_length: int
    error_rate: float
    seed: int


@dataclass(frozen=True)
class MadeFile:
    bytes: int
    md5: str
    records: int
    bases: int


@dataclass(frozen=True)
class Fragment:
    origin: str
    sequence: str


@dataclass(frozen=True)
class MadeReads:
    """``files`` by path, each of them below ``folder``."""

    folder: Path
    files: dict[str, MadeFile]


def read_recipes(path: Path, seed: int) -> list[Recipe]:
    """The recipes of ``reads.tsv``; another ``seed`` gives every run other reads."""
    recipes = []
    for line in path.read_text().splitlines()[1:]:
        accession, file, reference, mate, records, length, error_rate, own_seed = line.split("\t")
        mixed = int(own_seed) + seed * 1_000_003
        recipes.append(Recipe(accession, file, reference, mate, int(records), int(length), float(error_rate), mixed))
    return recipes


def read_reference(path: Path) -> Reference:
    """Records of a FASTA, or of a TSV with the columns id, taxid, lineage, sequence."""
    text = path.read_text()
    if text.startswith(">"):
        entries = (entry.split("\n", 1) for entry in text.lstrip(">").split("\n>"))
        return [(head.split()[0], "".join(body.split()).upper()) for head, body in entries]
    return [(cells[0], cells[3]) for cells in (line.split("\t") for line in text.splitlines()[1:])]


def random_reference(records: int = 20, length: int = 5000) -> Reference:
    """A seeded miniature genome collection, so that nothing large is bundled."""
    random = Random(records * length).random
    return [(f"random.{n}", "".join("ACGT"[int(random() * 4)] for _ in range(length))) for n in range(1, records + 1)]


def make_reads(recipes: list[Recipe], references: dict[str, Reference], cache: Path) -> MadeReads:
    """Make all files, or find them made: the folder's name is the digest of all they depend on.

    1. Look for the folder.  2. Make everything beside it.  3. Rename; who comes second uses the first's.
    """
    recipe = json.dumps([GENERATOR_VERSION, [astuple(one) for one in recipes], references])
    folder = cache / hashlib.sha256(recipe.encode()).hexdigest()[:16]
    index = folder / "files.json"
    if not index.exists():
        cache.mkdir(parents=True, exist_ok=True)
        making = Path(mkdtemp(prefix="making-", dir=cache))
        files = {}
        for _, group in groupby(recipes, key=lambda one: one.accession):
            files.update(_make_run(list(group), references, making))
        (making / index.name).write_text(json.dumps({path: asdict(made) for path, made in files.items()}))
        try:
            making.rename(folder)
        except OSError:
            shutil.rmtree(making)
    return MadeReads(folder, {path: MadeFile(**made) for path, made in json.loads(index.read_text()).items()})


def default_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "emg-standin-ena"


def count_origins(recipes: list[Recipe], references: dict[str, Reference], accession: str) -> Counter[str]:
    """The truth about a run: how many of its fragments come from each reference record."""
    run = [recipe for recipe in recipes if recipe.accession == accession]
    return Counter(fragment.origin for fragment in _fragments(run, references[run[0].reference]))


def _make_run(recipes: list[Recipe], references: dict[str, Reference], folder: Path) -> dict[str, MadeFile]:
    reference = references.get(recipes[0].reference, [])
    shotgun = all(recipe.mate in "012" for recipe in recipes)
    fragments = _fragments(recipes, reference) if shotgun else []
    made = {}
    for recipe in recipes:
        if recipe.mate == "opaque":
            random = Random(recipe.seed).random
            data, bases = bytes(int(random() * 256) for _ in range(recipe.record_length)), 0
        else:
            make = _contigs(recipe, reference) if recipe.mate == "contigs" else _fastq(recipe, fragments)
            records = list(make)
            bases = sum(length for _, length in records)
            data = gzip.compress("".join(text for text, _ in records).encode(), compresslevel=6, mtime=0)
        target = folder / recipe.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        made[recipe.path] = MadeFile(len(data), digest, recipe.records, bases)
    return made


def _fragments(recipes: list[Recipe], reference: Reference) -> list[Fragment]:
    """One fragment an index: first those of the pairs, then those of the file without mates."""
    pairs = max((recipe.records for recipe in recipes if recipe.mate in "12"), default=0)
    singles = max((recipe.records for recipe in recipes if recipe.mate == "0"), default=0)
    first = recipes[0]
    random = Random(first.seed).random
    ends = list(accumulate(len(sequence) for _, sequence in reference))
    fragments = []
    for _ in range(pairs + singles):
        origin, sequence = reference[bisect(ends, random() * ends[-1])]
        where, how_long, strand = random(), random(), random()
        length, start = SSU_FRAGMENT, 0
        if first.reference != "ssu":
            length = first.record_length if first.record_length > LONGEST_SHORT_FRAGMENT else 300 + int(how_long * 101)
            start = int(where * (max(len(sequence) - length, 0) + 1))
        piece = sequence[start : start + length]
        fragments.append(Fragment(origin, piece if strand < 0.5 else _reverse_complement(piece)))
    return fragments


def _fastq(recipe: Recipe, fragments: list[Fragment]) -> Iterator[tuple[str, int]]:
    """(record, bases) of one file. Names count fragments, so mates agree and no name comes twice."""
    random = Random(recipe.seed + 1 + int(recipe.mate)).random
    first = len(fragments) - recipe.records if recipe.mate == "0" else 0
    mate = f"/{recipe.mate}" if recipe.mate != "0" else ""
    for number, fragment in enumerate(fragments[first : first + recipe.records], first + 1):
        piece = _reverse_complement(fragment.sequence) if recipe.mate == "2" else fragment.sequence
        bases, qualities = _with_errors(piece[: recipe.record_length], recipe.error_rate, random)
        yield f"@{recipe.accession}.{number} {number}{mate}\n{bases}\n+\n{qualities}\n", len(bases)


def _with_errors(sequence: str, rate: float, random: Callable[[], float]) -> tuple[str, str]:
    bases, qualities = list(sequence), ["I"] * len(sequence)
    place = -1
    while rate > 0:
        # The gap to the next error is geometric: one draw an error, not one a base.
        place += 1 + int(log(1 - random()) / log(1 - rate))
        if place >= len(bases):
            break
        bases[place] = "ACGT".replace(bases[place], "")[int(random() * 3)]
        qualities[place] = "5"
    return "".join(bases), "".join(qualities)


def _contigs(recipe: Recipe, reference: Reference) -> Iterator[tuple[str, int]]:
    for number in range(recipe.records):
        turn, which = divmod(number, len(reference))
        start = turn * recipe.record_length
        sequence = reference[which][1][start : start + recipe.record_length]
        lines = "".join(f"{sequence[at : at + 80]}\n" for at in range(0, len(sequence), 80))
        yield f">{recipe.accession}.{number + 1}\n{lines}", len(sequence)


def _reverse_complement(sequence: str) -> str:
    return sequence.translate(COMPLEMENT)[::-1]
