"""Random query trees over random rows: the stand-in's parser agrees with direct evaluation."""

import random
from collections.abc import Callable
from datetime import date

import pytest

from ena.query import Query, at_least, equals, like, on_day, render, tax_eq
from ena.standin.dataset import columns_of
from ena.standin.grammar import QueryError, UnknownSearchField, parse

COLUMNS = columns_of("read_run")
WORDS = ["", "WGS", "RNA-Seq", "AND", "not collected", "a (b) = c", "PRJEB99900001;PRJEB999000010"]
DAYS = ["", "2021-02-28", "2021-03-01", "2021-03-02"]
NUMBERS = ["", "3", "20", "-1.5", "public"]
Tree = tuple[Query, Callable[[dict], bool]]


def random_row(chance: random.Random) -> dict[str, str]:
    return {
        "library_strategy": chance.choice(WORDS),
        "study_accession": chance.choice(WORDS),
        "first_public": chance.choice(DAYS),
        "read_count": chance.choice(NUMBERS),
        "tax_id": chance.choice(["", "408170", "9606"]),
    }


def random_leaf(chance: random.Random) -> Tree:
    word = chance.choice([word for word in WORDS[1:] if ";" not in word])
    number = chance.choice([-2, 3, 19.5])
    day = chance.choice(DAYS[1:])
    leaves = [
        (equals("library_strategy", word), lambda row: word in row["library_strategy"].split(";")),
        (equals("study_accession", "PRJEB99900001"), lambda row: "PRJEB99900001;" in row["study_accession"]),
        (like("library_strategy", "*c*"), lambda row: "c" in row["library_strategy"]),
        (
            at_least("read_count", number),
            lambda row: float(row["read_count"].replace("public", "") or "-inf") >= number,
        ),
        (on_day("first_public", date.fromisoformat(day)), lambda row: row["first_public"] == day),
        (tax_eq(9606), lambda row: row["tax_id"] == "9606"),
    ]
    return chance.choice(leaves)


def random_tree(chance: random.Random, depth: int) -> Tree:
    if depth == 0 or chance.random() < 0.2:
        return random_leaf(chance)
    (left, left_holds), (right, right_holds) = random_tree(chance, depth - 1), random_tree(chance, depth - 1)
    match chance.choice(["and", "or", "not"]):
        case "and":
            return left & right, lambda row: left_holds(row) and right_holds(row)
        case "or":
            return left | right, lambda row: left_holds(row) or right_holds(row)
    return ~left, lambda row: not left_holds(row)


def test_a_parsed_query_selects_what_it_says():
    for seed in range(500):
        chance = random.Random(seed)
        rows = [random_row(chance) for _ in range(30)]
        query, expected = random_tree(chance, depth=4)
        holds = parse(render(query), COLUMNS)
        assert [holds(row) for row in rows] == [expected(row) for row in rows], (seed, render(query))


def test_and_binds_tighter_than_or():
    row = {"library_strategy": "WGS", "tax_id": "1"}
    assert parse('library_strategy="WGS" OR library_strategy="WGS" AND tax_eq(9606)', COLUMNS)(row)
    assert not parse('(library_strategy="WGS" OR library_strategy="WGS") AND tax_eq(9606)', COLUMNS)(row)


@pytest.mark.parametrize(
    ("text", "place"),
    [('tax_id="1" AND', 15), ("(tax_eq(1)", 11), ('library_strategy "WGS"', 18), ("tax_eq(1) tax_eq(2)", 11)],
)
def test_an_error_names_the_place(text, place):
    with pytest.raises(QueryError, match=f"character {place}"):
        parse(text, COLUMNS)


def test_an_unknown_field_is_told_by_name():
    with pytest.raises(UnknownSearchField, match="colour"):
        parse('colour="blue"', COLUMNS)
