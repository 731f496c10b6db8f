from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from analyses.models import columns
from analyses.models.study import Study


class Publication(models.Model):
    """A paper, by its PubMed id. ``metadata`` is a ``schemas.PublicationMetadata``, keys without a value left out."""

    pubmed_id = models.IntegerField("PubMed id", primary_key=True)
    title = models.CharField(max_length=740)
    published_year = models.SmallIntegerField(null=True, blank=True)
    metadata = models.JSONField(default=dict, db_default={}, blank=True)
    studies = models.ManyToManyField(Study, through="StudyPublication", related_name="publications")
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(pubmed_id__gt=0), name="analyses_publication_pubmed_id"),
            columns.json_is("metadata", "object", "analyses_publication_metadata_object"),
        ]
        indexes = [
            models.Index(fields=["published_year", "pubmed_id"], name="publication_year"),
            models.Index(fields=["updated_at", "pubmed_id"], name="publication_updated"),
        ]

    def __str__(self) -> str:
        return f"PMID {self.pubmed_id}"


class StudyPublication(models.Model):
    """A paper about a study."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="publication_links", db_index=False)
    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="study_links")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "publication"], name="analyses_studypublication_pair")]

    def __str__(self) -> str:
        return f"{self.publication_id} about {self.study_id}"


class PublicationAnnotations(models.Model):
    """What Europe PMC has found in a paper, kept for a while.

    ``payload``: ``{"sample_processing": [group, …], "other": [group, …]}`` as it is served; null until it answered.
    ``tried_at``: when it was last asked, with or without an answer; it keeps others from asking at the same time.
    """

    publication = models.OneToOneField(
        Publication, on_delete=models.CASCADE, primary_key=True, related_name="annotations"
    )
    payload = models.JSONField(null=True)
    fetched_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "publication annotations"
        constraints = [
            models.CheckConstraint(
                condition=Q(payload__isnull=True, fetched_at__isnull=True)
                | Q(payload__isnull=False, fetched_at__isnull=False),
                name="analyses_publicationannotations_dated",
            )
        ]

    def __str__(self) -> str:
        return f"annotations of {self.publication_id}"
