"""What a bulk load is told of a table (``spec/ena.md`` §7.1). Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from ena.accessions import Kind
from ena.records import Record


@dataclass(frozen=True)
class Column:
    """A typed column and the ENA field it comes from: not asked or gone blank, it keeps its value.

    :param read: makes COPY's text of the value from a record; without it, the field as it is
    :param update: SQL of the updated value where it is not simply the new one; ``t`` is the stored row, ``r`` the new
    :param also: further fields that ``read`` takes: the value is as old as the oldest of them
    """

    name: str
    type: str
    source: str
    read: Callable[[Record], str | None] | None = None
    update: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parent:
    """A row that each loaded row refers to. Its level is read in the very statement that writes the copy.

    :param ids: SQL that gives ``accession, id`` of every possible parent
    :param level: the parent's column that ``<column>_visibility`` copies
    :param column: of the loaded table, without ``_id``, where it is not the kind's name
    :param optional: a row may be without; once there, it stays
    """

    name: Kind
    table: str
    level: str
    ids: str
    column: str = ""
    optional: bool = False

    @property
    def missing(self) -> str:
        return "false" if self.optional else f"{self.name}_id IS NULL"

    @property
    def join(self) -> str:
        words = "LEFT JOIN" if self.optional else "JOIN"
        return f"{words} {self.table} p_{self.name} ON p_{self.name}.id = r.{self.name}_id"


@dataclass(frozen=True)
class LoadSpec:
    """How records become rows of one table.

    :param key: the unique column of the preferred accession
    :param aliases: the table that holds the accessions, and ``noun`` its column for this table
    :param links: further nouns that records name; ``resolved_<table>`` has their accessions, in order
    :param stamp: a time column set when ENA's record changed
    :param spared: SQL that holds for a stored row ``t`` which this load must not change
    """

    table: str
    key: str
    aliases: str
    noun: str
    columns: tuple[Column, ...] = ()
    parents: tuple[Parent, ...] = ()
    links: tuple[Kind, ...] = ()
    stamp: str = ""
    spared: str = "false"

    @property
    def named(self) -> list[Kind]:
        """The nouns whose accessions a staged record carries, in the order of the columns."""
        return [*(parent.name for parent in self.parents), *self.links]
