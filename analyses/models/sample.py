from django.db import models
from django.db.models import F, Q

from analyses.models import columns
from analyses.models.biome import Biome
from analyses.models.mirrored import Mirrored
from analyses.models.study import Study
from ena.models import Sample as EnaSample
from ena.models import Visibility

PUBLIC = Q(visibility=Visibility.PUBLIC.value)


class Sample(Mirrored):
    """MGnify's side of one ENA sample. It may belong to many studies and is shown as soon as one of them is.

    ``studies_visibility`` is the lowest level of its studies, kept by a trigger (§4.4).
    """

    ena_sample = models.OneToOneField(EnaSample, on_delete=models.PROTECT, related_name="mgnify_sample")
    studies = models.ManyToManyField(Study, through="SampleStudy", related_name="samples")
    studies_visibility = columns.level_field(default=Visibility.SUPPRESSED, db_default=Visibility.SUPPRESSED.value)
    visibility = columns.greatest_level("studies_visibility")
    absent_since = models.DateTimeField(null=True, blank=True)
    biome = models.ForeignKey(Biome, null=True, blank=True, on_delete=models.PROTECT, related_name="samples")
    sample_title = models.TextField(null=True, blank=True)
    search_text = columns.search_text("sample_title")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first_accession"], name="analyses_sample_first_accession"),
            # Runs refer to the sample's own level: its other studies do not concern them.
            models.UniqueConstraint(fields=["id", "own_visibility"], name="analyses_sample_id_own_visibility"),
            columns.own_level_is([Visibility.PUBLIC, Visibility.SUPPRESSED], "analyses_sample_own_level"),
            columns.json_is("inferred_metadata", "object", "analyses_sample_inferred_object"),
            *columns.accessions_are_clean("analyses_sample_accessions"),
        ]
        indexes = [
            *columns.public_indexes("sample", PUBLIC),
            models.Index(fields=["sample_title", "id"], condition=PUBLIC, name="sample_public_title"),
            models.Index(
                F("sample_title").desc(nulls_last=True),
                F("id").desc(),
                condition=PUBLIC,
                name="sample_public_title_desc",
            ),
            # For the admin, which shows what is not served too.
            models.Index(fields=["own_visibility", "id"], condition=Q(own_visibility__gt=0), name="sample_hidden"),
            models.Index(
                fields=["studies_visibility", "id"],
                condition=Q(studies_visibility__gt=0),
                name="sample_hidden_by_studies",
            ),
        ]

    def __str__(self) -> str:
        return self.first_accession or f"sample {self.pk}"


class RelationType(models.TextChoices):
    """What a sample says of its relation to another; those made of parts only are virtual samples."""

    DERIVED_FROM = "derived_from"
    SAME_AS = "same_as"
    SYMBIONT_OF = "symbiont_of"
    COMPOSED_OF = "composed_of"


class SampleRelation(models.Model):
    """What one sample says of another. Cycles are possible."""

    declaring_sample = models.ForeignKey(Sample, on_delete=models.CASCADE, related_name="relations", db_index=False)
    related_sample = models.ForeignKey(Sample, on_delete=models.CASCADE, related_name="related_from")
    relation_type = models.TextField(choices=RelationType)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["declaring_sample", "related_sample"], name="analyses_samplerelation_pair"),
            models.CheckConstraint(
                condition=~Q(declaring_sample=F("related_sample")), name="analyses_samplerelation_not_itself"
            ),
            columns.one_of("relation_type", RelationType, "analyses_samplerelation_type"),
        ]

    def __str__(self) -> str:
        return f"{self.declaring_sample_id} {self.relation_type} {self.related_sample_id}"


class SampleStudy(models.Model):
    """A sample in a study, with the study's level."""

    sample = models.ForeignKey(Sample, on_delete=models.CASCADE, related_name="study_links", db_index=False)
    study = columns.parent(Study, "sample_links")
    study_visibility = columns.level_field()

    class Meta:
        verbose_name_plural = "sample studies"
        constraints = [models.UniqueConstraint(fields=["sample", "study"], name="analyses_samplestudy_pair")]
        indexes = [models.Index(fields=["study", "sample"], name="samplestudy_of_study")]

    def __str__(self) -> str:
        return f"{self.sample_id} in {self.study_id}"
