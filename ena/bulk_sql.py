"""What a bulk load is made of, and the SQL it comes to (``spec/ena.md`` §7.1). Pure; :mod:`ena.bulk` runs it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from string import Template

from ena.accessions import Kind
from ena.records import Record

# Names in these templates come from a LoadSpec, so from code; what ENA sent travels by COPY and parameters only.
STAGE = Template("""
DROP TABLE IF EXISTS staged, merged, resolved, loaded_$table;  -- of an earlier load in this transaction
CREATE TEMP TABLE staged (rank smallint, accession text, accessions text[], metadata jsonb $definitions) ON COMMIT DROP
""")
MERGE = Template("""
ANALYZE staged;
CREATE TEMP TABLE merged ON COMMIT DROP AS
SELECT k.accession, $metadata AS metadata, $differs AS differs, $filled
FROM (SELECT DISTINCT accession FROM staged) k $ranks
""")
RANK = Template("""
LEFT JOIN (SELECT DISTINCT ON (accession) * FROM staged WHERE rank = $rank ORDER BY accession) r$rank
ON r$rank.accession = k.accession
""")
RESOLVE = Template("""
CREATE TEMP TABLE resolved ON COMMIT DROP AS
SELECT m.*, coalesce(own.ids, '{}') AS ids $parent_ids
FROM merged m
LEFT JOIN LATERAL (SELECT array_agg(DISTINCT a.${noun}_id) AS ids FROM $aliases a
                   WHERE a.accession = ANY (m.accessions) AND a.${noun}_id IS NOT NULL) own ON true $parents
""")
PARENT = Template("""
LEFT JOIN LATERAL (SELECT i.id FROM ($ids) i WHERE i.accession = ANY (m.${name}_accessions) LIMIT 1) ${name} ON true
""")
CONFLICTS = "DELETE FROM resolved WHERE cardinality(ids) > 1 RETURNING accession, ids"
WENT_BLANK = Template("""
SELECT k FROM $table t JOIN resolved r ON t.id = r.ids[1], jsonb_object_keys(t.metadata) k
WHERE k = ANY (%(asked)s) GROUP BY k HAVING count(*) >= %(filled)s
EXCEPT SELECT jsonb_object_keys(metadata) FROM resolved
""")
UPDATE = Template("""
UPDATE $table t SET $assignments
FROM (SELECT t.id, $values FROM resolved r JOIN $table t ON t.id = r.ids[1] $joins) n
WHERE t.id = n.id AND ($stored) IS DISTINCT FROM ($new)
""")
INSERT = Template("""
INSERT INTO $table ($columns) SELECT $values FROM resolved r $joins
WHERE cardinality(r.ids) = 0 ORDER BY r.accession ON CONFLICT ($key) DO NOTHING
""")
LOADED = Template("""
CREATE TEMP TABLE loaded_$table ON COMMIT DROP AS
SELECT t.id, r.accession, r.accessions FROM resolved r JOIN $table t ON t.$key = r.accession
""")
ALIASES = Template("""
UPDATE $aliases a SET is_primary = false FROM loaded_$table l
WHERE a.${noun}_id = l.id AND a.is_primary AND a.accession <> l.accession;
INSERT INTO $aliases (accession, ${noun}_id, is_primary)
SELECT DISTINCT ON (x) x, l.id, x = l.accession FROM loaded_$table l, unnest(l.accessions) x ORDER BY x, l.id
ON CONFLICT DO NOTHING;
UPDATE $aliases a SET is_primary = true FROM loaded_$table l
WHERE a.${noun}_id = l.id AND NOT a.is_primary AND a.accession = l.accession
""")
MISDIRECTED = Template("""
SELECT a.accession, ARRAY[a.${noun}_id, l.id] FROM loaded_$table l, unnest(l.accessions) x
JOIN $aliases a ON a.accession = x WHERE a.${noun}_id IS DISTINCT FROM l.id ORDER BY a.accession
""")


@dataclass(frozen=True)
class Column:
    """A typed column and the ENA field it comes from: not asked or gone blank, it keeps its value.

    :param value: SQL of the updated value where it is not simply the new one; ``t`` is the stored row, ``r`` the new
    """

    name: str
    type: str
    source: str
    read: Callable[[Record], str | None]
    value: str = ""


@dataclass(frozen=True)
class Parent:
    """A row that each loaded row refers to. Its level is read in the very statement that writes the copy.

    :param ids: SQL that gives ``accession, id`` of every possible parent
    :param level: the parent's column that ``<name>_visibility`` copies
    """

    name: Kind
    table: str
    level: str
    ids: str


@dataclass(frozen=True)
class LoadSpec:
    """How records become rows of one table.

    :param key: the unique column of the preferred accession
    :param aliases: the table that holds the accessions, and ``noun`` its column for this table
    :param accession_list: a ``text[]`` column with all accessions, if the table has one
    :param stamp: a time column set when ENA's record changed
    """

    table: str
    key: str
    aliases: str
    noun: str
    columns: tuple[Column, ...] = ()
    parents: tuple[Parent, ...] = ()
    accession_list: str = ""
    stamp: str = ""


def extras(spec: LoadSpec) -> list[tuple[str, str]]:
    """Name the staged columns beside accession and record, with their types."""
    parents = [(f"{parent.name}_accessions", "text[]") for parent in spec.parents]
    return parents + [(column.name, column.type) for column in spec.columns]


def stage_sql(spec: LoadSpec) -> str:
    return STAGE.substitute(vars(spec), definitions="".join(f", {name} {kind}" for name, kind in extras(spec)))


def copy_sql(spec: LoadSpec) -> str:
    names = ["rank", "accession", "accessions", "metadata", *(name for name, _ in extras(spec))]
    return f"COPY staged ({', '.join(names)}) FROM STDIN"


def merge_sql(spec: LoadSpec, portals: int) -> str:
    ranks = range(portals)
    filled = ["accessions", *(name for name, _ in extras(spec))]
    return MERGE.substitute(
        metadata=" || ".join(f"coalesce(r{rank}.metadata, '{{}}')" for rank in reversed(ranks)),
        # Two records disagree if it matters which of them is laid on top. Most are simply equal: quick to see.
        differs=" OR ".join(
            f"CASE WHEN r0.metadata = r{rank}.metadata THEN false ELSE "
            f"coalesce(r0.metadata || r{rank}.metadata <> r{rank}.metadata || r0.metadata, false) END"
            for rank in ranks
        ),
        filled=", ".join(f"coalesce({', '.join(f'r{rank}.{name}' for rank in ranks)}) AS {name}" for name in filled),
        ranks="".join(RANK.substitute(rank=rank) for rank in ranks),
    )


def resolve_sql(spec: LoadSpec) -> str:
    return RESOLVE.substitute(
        vars(spec),
        parent_ids="".join(f", {parent.name}.id AS {parent.name}_id" for parent in spec.parents),
        parents="".join(PARENT.substitute(vars(parent)) for parent in spec.parents),
    )


def _joins(spec: LoadSpec) -> str:
    return " ".join(
        f"JOIN {parent.table} p_{parent.name} ON p_{parent.name}.id = r.{parent.name}_id" for parent in spec.parents
    )


def _parent_values(spec: LoadSpec) -> dict[str, str]:
    values = {}
    for parent in spec.parents:
        values[f"{parent.name}_id"] = f"p_{parent.name}.id"
        values[f"{parent.name}_visibility"] = f"p_{parent.name}.{parent.level}"
    return values


def update_sql(spec: LoadSpec, kept: Collection[str]) -> str:
    values = {spec.key: "r.accession", "metadata": "(t.metadata - %(asked)s::text[]) || r.metadata"}
    if spec.accession_list:
        values[spec.accession_list] = (
            f"r.accessions || ARRAY(SELECT o FROM unnest(t.{spec.accession_list}) WITH ORDINALITY u (o, n) "  # noqa: S608 - a spec's name
            "WHERE o <> ALL (r.accessions) ORDER BY n)"
        )
    values |= {column.name: column.value or f"r.{column.name}" for column in spec.columns if column.source in kept}
    values |= _parent_values(spec)
    stamp = [f"{spec.stamp} = statement_timestamp()"] if spec.stamp else []
    return UPDATE.substitute(
        table=spec.table,
        assignments=", ".join([f"{name} = n.{name}" for name in values] + stamp),
        values=", ".join(f"{value} AS {name}" for name, value in values.items()),
        joins=_joins(spec),
        stored=", ".join(f"t.{name}" for name in values),
        new=", ".join(f"n.{name}" for name in values),
    )


def insert_sql(spec: LoadSpec) -> str:
    values = {spec.key: "r.accession", "metadata": "r.metadata"}
    values |= {column.name: f"r.{column.name}" for column in spec.columns} | _parent_values(spec)
    if spec.accession_list:
        values[spec.accession_list] = "r.accessions"
    if spec.stamp:
        values[spec.stamp] = "CASE WHEN r.metadata = '{}' THEN NULL ELSE statement_timestamp() END"
    return INSERT.substitute(
        table=spec.table,
        key=spec.key,
        columns=", ".join(values),
        values=", ".join(values.values()),
        joins=_joins(spec),
    )
