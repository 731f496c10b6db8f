"""The SQL that a bulk load comes to (``spec/ena.md`` §7.1). Pure; :mod:`ena.bulk` runs it."""

from collections.abc import Collection
from string import Template

from ena.load_spec import LoadSpec

# Names in these templates come from a LoadSpec, so from code; what ENA sent travels by COPY and parameters only.
STAGE = Template("""
DROP TABLE IF EXISTS staged_$table, merged_$table, resolved_$table, loaded_$table;  -- of an earlier load or try
CREATE TEMP TABLE staged_$table (rank smallint, accession text, accessions text[], metadata jsonb $staged_columns)
ON COMMIT DROP;
CREATE TEMP TABLE merged_$table (LIKE staged_$table, differs boolean DEFAULT false, PRIMARY KEY (accession))
ON COMMIT DROP
""")
COPY = Template("COPY staged_$table FROM STDIN")
# Two primary accessions are two things, and which of the others is whose cannot be told: those are left out.
STAGE_NAMED = Template("""
INSERT INTO staged_$table SELECT DISTINCT ON (one) 0, one, CASE WHEN several THEN ARRAY[one] ELSE names END, '{}'
FROM (SELECT DISTINCT ${noun}_accessions AS names FROM staged_$naming_table WHERE ${noun}_accessions <> '{}') n,
     LATERAL (SELECT coalesce(names[2] ~ '^(PRJ|SAM)', false) AS several) s,
     LATERAL unnest(CASE WHEN several THEN names ELSE names[:1] END) one
WHERE NOT several OR one ~ '^(PRJ|SAM)' ORDER BY one, several
""")
# Portal after portal: the first keeps what it said, the others fill its gaps. Two records disagree if it matters
# which of them is laid on top. Most are simply equal: quick to see.
MERGE = Template("""
INSERT INTO merged_$table AS m
SELECT DISTINCT ON (accession) * FROM staged_$table WHERE rank = %(rank)s ORDER BY accession, metadata
ON CONFLICT (accession) DO UPDATE
SET metadata = excluded.metadata || m.metadata,
    accessions = m.accessions || ARRAY(SELECT unnest(excluded.accessions) EXCEPT SELECT unnest(m.accessions)),
    differs = m.differs OR excluded.metadata || m.metadata <> m.metadata || excluded.metadata $fill_gaps
WHERE m.metadata <> excluded.metadata
""")
COUNTED = Template("SELECT count(*), count(*) FILTER (WHERE differs) FROM merged_$table")
RESOLVE = Template("""
CREATE TEMP TABLE resolved_$table ON COMMIT DROP AS
SELECT m.*, coalesce(own.ids, '{}') AS ids $parent_ids
FROM merged_$table m
LEFT JOIN LATERAL (SELECT array_agg(DISTINCT a.${noun}_id) AS ids FROM $aliases a
                   WHERE a.accession = ANY (m.accessions) AND a.${noun}_id IS NOT NULL) own ON true $find_parents
""")
# An answer without the primary accession does not take the object's name away: the next whole one would only undo it.
KEEP_NAME = Template("""
UPDATE resolved_$table r SET accession = t.$key FROM $table t
WHERE t.id = r.ids[1] AND t.$key ~ '^(PRJ|SAM)' AND r.accession !~ '^(PRJ|SAM)'
""")
PARENT = Template("""
LEFT JOIN LATERAL (SELECT i.id FROM ($ids) i WHERE i.accession = ANY (m.${name}_accessions)
                   ORDER BY array_position(m.${name}_accessions, i.accession::text) LIMIT 1) ${name} ON true
""")
CONFLICTS = Template("DELETE FROM resolved_$table WHERE cardinality(ids) > 1 RETURNING accession, ids")
ORPHANS = Template("DELETE FROM resolved_$table WHERE $parent_missing RETURNING accession")
WENT_BLANK = Template("""
SELECT k FROM $table t JOIN resolved_$table r ON t.id = r.ids[1], jsonb_object_keys(t.metadata) k
WHERE k = ANY (%(asked)s) GROUP BY k HAVING count(*) >= %(filled)s
EXCEPT SELECT jsonb_object_keys(metadata) FROM resolved_$table
""")
UPDATE = Template("""
UPDATE $table t SET $assignments
FROM (SELECT t.id, $changed_values FROM resolved_$table r JOIN $table t ON t.id = r.ids[1] $join_parents) n
WHERE t.id = n.id AND ($stored) IS DISTINCT FROM ($changed) AND NOT ($spared)
""")
INSERT = Template("""
INSERT INTO $table ($new_columns) SELECT $new_values FROM resolved_$table r $join_parents
WHERE cardinality(r.ids) = 0 ORDER BY r.accession ON CONFLICT ($key) DO NOTHING
""")
LOADED = Template("""
CREATE TEMP TABLE loaded_$table ON COMMIT DROP AS
SELECT t.id, r.accession, r.accessions FROM resolved_$table r JOIN $table t ON t.$key = r.accession
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


def sql(template: Template, spec: LoadSpec, *, kept: Collection[str] = (), naming_table: str = "") -> str:
    """Write a template out for a table.

    :param kept: the ENA fields whose columns an update may change
    """
    lists = [f"{noun}_accessions" for noun in spec.named]
    staged = [(name, "text[]") for name in lists] + [(column.name, column.type) for column in spec.columns]
    gaps = [f", {name} = CASE WHEN m.{name} = '{{}}' THEN excluded.{name} ELSE m.{name} END" for name in lists]
    gaps += [
        f", {one.name} = CASE WHEN m.metadata ? '{one.source}' THEN m.{one.name} ELSE excluded.{one.name} END"
        for one in spec.columns
    ]
    new = {spec.key: "r.accession", "metadata": "r.metadata"} | {one.name: f"r.{one.name}" for one in spec.columns}
    changed = {spec.key: "r.accession", "metadata": "(t.metadata - %(cleared)s::text[]) || r.metadata"}
    changed |= {
        one.name: f"CASE WHEN %(whole)s OR r.metadata ? '{one.source}' THEN {one.update or f'r.{one.name}'} "
        f"ELSE t.{one.name} END"
        for one in spec.columns
        if {one.source, *one.also} <= set(kept)
    }
    for parent in spec.parents:
        column = parent.column or parent.name
        copies = {f"{column}_id": "id", f"{column}_visibility": parent.level}
        values = {name: f"p_{parent.name}.{column}" for name, column in copies.items()}
        new |= values
        changed |= {name: f"coalesce({value}, t.{name})" for name, value in values.items()}
    assignments = [f"{name} = n.{name}" for name in changed]
    if spec.stamp:
        new[spec.stamp] = "CASE WHEN r.metadata = '{}' THEN NULL ELSE statement_timestamp() END"
        assignments.append(f"{spec.stamp} = statement_timestamp()")
    return template.substitute(
        vars(spec),
        naming_table=naming_table,
        staged_columns="".join(f", {name} {kind}" for name, kind in staged),
        fill_gaps="".join(gaps),
        parent_ids="".join(f", {parent.name}.id AS {parent.name}_id" for parent in spec.parents),
        find_parents="".join(PARENT.substitute(vars(parent)) for parent in spec.parents),
        parent_missing=" OR ".join(parent.missing for parent in spec.parents),
        join_parents=" ".join(parent.join for parent in spec.parents),
        assignments=", ".join(assignments),
        stored=", ".join(f"t.{name}" for name in changed),
        changed=", ".join(f"n.{name}" for name in changed),
        changed_values=", ".join(f"{value} AS {name}" for name, value in changed.items()),
        new_columns=", ".join(new),
        new_values=", ".join(new.values()),
    )
