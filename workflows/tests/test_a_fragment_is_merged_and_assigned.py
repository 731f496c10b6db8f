"""``spec/pipelines.md`` §3.9.4, on values."""

import pytest

from workflows.tests.bundled import PIPELINES, load_script

fastq, reference, assigning = (load_script("mini_amplicon", name) for name in ("fastq", "reference", "assign_reads"))
REFERENCES = reference.load_reference(PIPELINES / "mini_amplicon/reference/ssu.tsv")
INDEX = assigning.index_kmers(REFERENCES, 31)
WHOLE = REFERENCES[0].sequence


def read(bases: bytes, qualities: bytes = b"") -> object:
    return fastq.Read(b"r 1/1", bases, qualities or b"I" * len(bases))


def mates(fragment: bytes, length: int) -> tuple[object, object]:
    return read(fragment[:length]), read(fastq.reverse_complement(fragment)[:length])


def assign(fragment: bytes, min_share: float = 0.3):
    return assigning.assign(fragment, REFERENCES, INDEX, k=31, min_share=min_share)


@pytest.mark.parametrize("length", [250, 200, 140, 136])
def test_mates_that_meet_give_the_whole_fragment(length):
    assert assigning.merge(*mates(WHOLE, length)) == WHOLE


def test_mates_that_meet_by_fewer_than_twenty_bases_give_read_1_alone():
    first, second = mates(WHOLE, 135)
    assert assigning.merge(first, second) == first.bases


@pytest.mark.parametrize(
    ("first_quality", "second_quality", "winner"), [(b"I", b"5", "1"), (b"5", b"I", "2"), (b"I", b"I", "1")]
)
def test_the_better_quality_wins_and_read_1_on_a_tie(first_quality, second_quality, winner):
    first, second = mates(WHOLE, 250)
    wrong = b"A" if WHOLE[100:101] != b"A" else b"C"
    changed = read(
        first.bases[:100] + wrong + first.bases[101:], first.qualities[:100] + first_quality + first.qualities[101:]
    )
    place = len(WHOLE) - 1 - 100
    second = read(second.bases, second.qualities[:place] + second_quality + second.qualities[place + 1 :])
    assert assigning.merge(changed, second)[100:101] == (wrong if winner == "1" else WHOLE[100:101])


@pytest.mark.parametrize(("errors", "merged"), [(12, True), (13, False)])
def test_an_overlap_may_hold_five_per_cent_of_mismatches(errors, merged):
    first, second = mates(WHOLE, 250)  # they overlap by 249: 12 are allowed
    bases = bytearray(first.bases)
    for place in range(5, 5 + 10 * errors, 10):
        bases[place] = ord("A") if bases[place] != ord("A") else ord("C")
    assert (len(assigning.merge(read(bytes(bases)), second)) == len(WHOLE)) is merged


@pytest.mark.parametrize("strand", [bytes, fastq.reverse_complement])
def test_a_fragment_finds_its_reference_on_either_strand(strand):
    for expected in REFERENCES:
        found = assign(strand(expected.sequence))
        assert (found.references, found.share) == ([expected], 1.0)


def test_too_small_a_share_is_unassigned():
    stranger = WHOLE[:100].translate(fastq.COMPLEMENT)  # 70 of 170 k-mers are the reference's
    assert assign(WHOLE[:100] + stranger, min_share=0.5) is None
    assert assign(WHOLE[:100] + stranger, min_share=0.3).references == [REFERENCES[0]]
    assert assign(WHOLE[:30]) is None  # shorter than k


def test_a_tie_goes_to_the_lowest_common_ancestor():
    first, second = REFERENCES[6:8]
    tied = assign(first.sequence[100:180] + second.sequence[100:180])
    lineage = reference.common_ancestor([one.lineage for one in tied.references])
    assert tied.references == [first, second]
    assert lineage == "sk__Bacteria;k__;p__Pseudomonadota;c__Alphaproteobacteria"
    assert reference.taxa_of(REFERENCES)[lineage].otu > REFERENCES[-1].line
