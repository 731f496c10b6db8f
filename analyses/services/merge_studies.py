"""Two studies that turned out to be one (``spec/catalogue.md`` §9)."""

from typing import Any

from django.db import transaction
from django.db.models import ManyToOneRel, Model, UniqueConstraint

from analyses.models import Download, Study, SuperStudyStudy
from analyses.services.adopt_study import adopt_study, ena_study_of
from analyses.services.curate_study import set_study_biome
from ena.models import Cause, Noun, Visibility, VisibilityEvent
from ena.models import Study as EnaStudy
from ena.services import merge_studies as merge_ena_studies


def merge_studies(*, keep: Study, drop: Study, actor: str, dry_run: bool = True) -> dict[str, int]:
    """Move all that hangs on ``drop`` to ``keep``, with its level; ``drop`` stays as a hidden sign that leads there.

    1. Every row that refers to it is pointed anew; a link that ``keep`` has already goes. Its own files stay: they lie
    in its folder, and ``keep``'s are made anew from all analyses.  2. It is hidden.  3. ENA's two rows become one,
    with all aliases.  One transaction; a dry run does the same and takes it back.

    :return: table -> number of rows that move
    :raises ValueError: the same study, one that is merged already, or one whose hidden records would be shown
    :raises IntegrityError: both have something that there is one of only; nothing was changed
    """
    if keep == drop or keep.merged_into_id or drop.merged_into_id:
        raise ValueError(f"{drop} cannot be merged into {keep}: they are one, or one of them is merged already")
    with transaction.atomic():
        both = Study.objects.filter(pk__in=[keep.pk, drop.pk]).order_by("pk")
        # ENA's rows first, as a change of their level locks them: so the two never deadlock.
        list(EnaStudy.objects.select_for_update().filter(mgnify_study__in=both).order_by("pk"))
        rows = {study.pk: study for study in both.select_for_update(of=("self",))}
        keep, drop = rows[keep.pk], rows[drop.pk]
        ena_keep, ena_drop = ena_study_of(keep), drop.ena_study
        if drop.ena_visibility == Visibility.PRIVATE and keep.visibility == Visibility.PUBLIC:
            raise ValueError(f"{drop} is private in ENA and {keep} is public: all that it hides would be shown")
        Study.objects.filter(pk=keep.pk, reads_study=drop).update(reads_study=None)
        if drop.biome and not keep.biome:  # nothing published is without
            set_study_biome(study=keep, lineage=drop.biome.lineage)
        flagship_of = SuperStudyStudy.objects.filter(study=drop, is_flagship=True).values("super_study")
        SuperStudyStudy.objects.filter(study=keep, super_study__in=flagship_of).update(is_flagship=True)
        moved = {}
        for relation in Study._meta.related_objects:
            if isinstance(relation, ManyToOneRel) and not relation.one_to_one and relation.related_model != Download:
                moved[f"{relation.related_model._meta.db_table}.{relation.field.name}"] = _repoint(relation, keep, drop)
        Study.objects.filter(pk=drop.pk).update(
            ena_study=None,
            ena_visibility=None,
            own_visibility=Visibility.SUPPRESSED,
            merged_into=keep,
            ena_accessions=[],
            first_accession=None,
        )
        VisibilityEvent.objects.create(
            noun=Noun.STUDY,
            object_id=drop.pk,
            accession=drop.accession,
            from_level=drop.own_visibility,
            to_level=Visibility.SUPPRESSED,
            cause=Cause.MERGE,
            actor=actor,
            note=f"merged into {keep}",
        )
        if ena_drop:
            merge_ena_studies(keep=ena_keep, drop=ena_drop, actor=actor)
        adopt_study(ena_study=ena_keep)
        transaction.set_rollback(dry_run)
    return {table: count for table, count in moved.items() if count}


def _repoint(relation: ManyToOneRel, keep: Study, drop: Study) -> int:
    """Point the rows of one foreign key to the other study; of two links to the same thing one goes."""
    model: type[Model] = relation.related_model
    name = relation.field.name
    rows = model._default_manager.filter(**{name: drop})
    for constraint in model._meta.constraints:
        if isinstance(constraint, UniqueConstraint) and name in constraint.fields and not constraint.condition:
            for other in set(constraint.fields) - {name} if len(constraint.fields) == 2 else ():
                there = model._default_manager.filter(**{name: keep})
                rows.filter(**{f"{other}__in": there.values(other)}).delete()
    values: dict[str, Any] = {name: keep}
    if any(field.name == f"{name}_visibility" for field in model._meta.fields):
        values[f"{name}_visibility"] = keep.visibility
    return rows.update(**values)
