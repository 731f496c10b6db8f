import gzip

from ena.standin.reads import count_origins, make_reads
from ena.standin.starting import load_recipes

RUN = "ERR999000001"
PATHS = [f"vol1/fastq/ERR999/001/{RUN}/{RUN}_{mate}.fastq.gz" for mate in (1, 2)]
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def made(tmp_path, *, seed):
    recipes, references = load_recipes(seed)
    run = [recipe for recipe in recipes if recipe.accession == RUN]
    folder = make_reads(run, references, tmp_path).folder
    return [gzip.decompress((folder / path).read_bytes()).decode() for path in PATHS]


def test_reads_are_the_same_twice(tmp_path):
    assert made(tmp_path / "once", seed=0) == made(tmp_path / "again", seed=0)


def test_another_seed_gives_other_reads_and_other_counts(tmp_path):
    assert made(tmp_path, seed=0) != made(tmp_path, seed=1)
    recipes, references = load_recipes(0)
    others, _ = load_recipes(1)
    assert count_origins(recipes, references, RUN) != count_origins(others, references, RUN)


def test_mates_are_the_two_ends_of_one_fragment_of_the_reference(tmp_path):
    first, second = (text.splitlines() for text in made(tmp_path, seed=0))
    _, references = load_recipes(0)
    both_strands = {strand for _, dna in references["ssu"] for strand in (dna, dna.translate(COMPLEMENT)[::-1])}
    assert len(first) == len(second) == 500 * 4
    clean = 0
    for line in range(0, len(first), 4):
        assert first[line].removesuffix("/1") == second[line].removesuffix("/2")
        if "5" in first[line + 3] + second[line + 3]:
            continue
        clean += 1
        tail = second[line + 1].translate(COMPLEMENT)[::-1]
        assert any(dna.startswith(first[line + 1]) and dna.endswith(tail) for dna in both_strands)
    assert 20 < clean < 100  # 0.5 % of 500 bases: one pair in twelve has no error
