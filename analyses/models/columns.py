"""Columns and constraints that several nouns share (``spec/catalogue.md`` §1, §2, §4.2)."""

from typing import Any

from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Greatest
from django.db.models.lookups import Exact

from ena.models import Visibility


def level_field(**options: Any) -> models.SmallIntegerField:
    """A level that is written: an object's own one, or the copy of its parent's."""
    return models.SmallIntegerField(choices=Visibility, **options)


def parent(model: Any, related_name: str, **options: Any) -> models.ForeignKey:
    """A parent whose level is copied beside: the migration makes the key over both columns, which Django cannot."""
    return models.ForeignKey(
        model, on_delete=models.PROTECT, related_name=related_name, db_constraint=False, db_index=False, **options
    )


def own_level_field() -> models.SmallIntegerField:
    return level_field(default=Visibility.PUBLIC, db_default=Visibility.PUBLIC.value)


def greatest_level(*copies: str) -> models.GeneratedField:
    """The level that counts: the database keeps it at the highest of the object's own and the copies."""
    return models.GeneratedField(
        expression=Greatest("own_visibility", *copies),
        output_field=models.SmallIntegerField(choices=Visibility),
        db_persist=True,
    )


def generated(column: str, template: str, output_field: models.Field) -> models.GeneratedField:
    """A stored column computed by SQL; ``%(expressions)s`` in the template stands for the column."""
    return models.GeneratedField(
        expression=Func(F(column), template=template), output_field=output_field, db_persist=True
    )


def mgnify_accession(prefix: str) -> models.GeneratedField:
    """``MGYS00000001`` and the like: at least eight digits, and never fewer than the id has."""
    template = f"('{prefix}' || lpad(%(expressions)s::text, greatest(8, length(%(expressions)s::text)), '0'))"
    return generated("id", template, models.TextField())


def search_text(title: str) -> models.GeneratedField:
    template = "lower(coalesce(%(expressions)s, '') || ' ' || accessions_text(ena_accessions))"
    return generated(title, template, models.TextField())


def one_of(field: str, choices: type[models.TextChoices], name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(**{f"{field}__in": choices.values}), name=name)


def own_level_is(levels: list[Visibility], name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(own_visibility__in=[level.value for level in levels]), name=name)


def json_is(field: str, kind: str, name: str) -> models.CheckConstraint:
    kind_of = Func(F(field), function="jsonb_typeof", output_field=models.TextField())
    return models.CheckConstraint(condition=Exact(kind_of, Value(kind)), name=name)


def stays_inside(field: str, name: str) -> models.CheckConstraint:
    """A path below a root that is named elsewhere: relative, and unable to climb out."""
    return models.CheckConstraint(condition=~Q(**{f"{field}__regex": r"^/|\.\.|//|[[:cntrl:]]"}), name=name)


def accessions_are_clean(name: str) -> list[models.CheckConstraint]:
    """``first_accession`` is one of the list; no item hides a second one behind a separator."""
    text = Func(F("ena_accessions"), function="accessions_text", output_field=models.TextField())
    items = Func(text, template="string_to_array(%(expressions)s, ' ')", output_field=models.TextField())
    no_separator = Func(text, template="(%(expressions)s !~ '[;[:cntrl:]]')", output_field=models.BooleanField())
    return [
        models.CheckConstraint(
            condition=Q(first_accession__isnull=True) | Q(ena_accessions__contains=[F("first_accession")]),
            name=f"{name}_first_is_listed",
        ),
        models.CheckConstraint(condition=Q(Exact(F("ena_accessions"), items)) & Q(no_separator), name=f"{name}_clean"),
    ]


def public_indexes(noun: str, condition: Q) -> list[models.Index]:
    """The two orders that every public list has."""
    return [
        models.Index(fields=["id"], condition=condition, name=f"{noun}_public"),
        models.Index(fields=["-updated_at", "-id"], condition=condition, name=f"{noun}_public_updated"),
    ]


def misplaced_index(noun: str) -> models.Index:
    """Finds the work of the file mover: files in an area that does not fit the level (§4.5)."""
    public_files = Q(visibility__gt=Visibility.PUBLIC.value, results_area="public")
    private_files = Q(visibility=Visibility.PUBLIC.value, results_area="private")
    return models.Index(fields=["id"], condition=public_files | private_files, name=f"{noun}_misplaced")
