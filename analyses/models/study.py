from django.db import models
from django.db.models import Q

from analyses.models import columns
from analyses.models.biome import Biome
from analyses.models.mirrored import Mirrored, ResultsArea
from ena.models import Study as EnaStudy
from ena.models import Visibility


class Study(Mirrored):
    """MGnify's side of one ENA study, ``MGYS…``. ENA's record stays in ``ena_study``."""

    accession = columns.mgnify_accession("MGYS")
    ena_study = models.OneToOneField(
        EnaStudy, null=True, blank=True, on_delete=models.PROTECT, related_name="mgnify_study", db_constraint=False
    )
    ena_visibility = columns.level_field(null=True, blank=True)
    visibility = columns.greatest_level("ena_visibility")
    title = models.CharField(max_length=4000, default="", db_default="", blank=True)
    title_is_curated = models.BooleanField(default=False, db_default=False)
    biome = models.ForeignKey(Biome, null=True, blank=True, on_delete=models.PROTECT, related_name="studies")
    results_dir = models.TextField(null=True, blank=True)
    external_results_dir = models.TextField(null=True, blank=True)
    results_area = models.TextField(choices=ResultsArea, default=ResultsArea.NONE, db_default=ResultsArea.NONE.value)
    reads_study = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="assembly_studies", db_index=False
    )
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged_from", db_index=False
    )
    search_text = columns.search_text("title")

    class Meta:
        verbose_name_plural = "studies"
        permissions = [("view_private", "Can see private studies and what belongs to them")]
        constraints = [
            models.UniqueConstraint(fields=["accession"], name="analyses_study_accession"),
            models.UniqueConstraint(fields=["first_accession"], name="analyses_study_first_accession"),
            models.UniqueConstraint(fields=["id", "visibility"], name="analyses_study_id_visibility"),
            columns.own_level_is(list(Visibility), "analyses_study_own_level"),
            models.CheckConstraint(
                condition=Q(ena_study__isnull=False) | Q(own_visibility__gte=Visibility.PRIVATE.value),
                name="analyses_study_without_ena_is_not_public",
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | Q(own_visibility=Visibility.SUPPRESSED.value),
                name="analyses_study_merged_is_hidden",
            ),
            columns.one_of("results_area", ResultsArea, "analyses_study_results_area"),
            columns.stays_inside("external_results_dir", "analyses_study_results_inside"),
            columns.json_is("inferred_metadata", "object", "analyses_study_inferred_object"),
            *columns.accessions_are_clean("analyses_study_accessions"),
        ]
        indexes = [
            *columns.public_indexes("study", Q(visibility=Visibility.PUBLIC.value)),
            columns.misplaced_index("study"),
        ]

    def __str__(self) -> str:
        return self.accession
