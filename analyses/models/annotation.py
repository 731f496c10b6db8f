from django.db import models
from django.db.models.functions import Now

from analyses.models import columns
from analyses.models.analysis import Analysis


class AnnotationSet(models.Model):
    """What one source says about one analysis, e.g. ``taxonomies.ssu``. An empty set is a finding too.

    ``records``: list of ``schemas.AnnotationRecord``, keys without a value left out.
    ``checksum``: of the records, so that a second import of the same files writes nothing.
    """

    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="annotation_sets", db_index=False)
    source = models.TextField()
    records = models.JSONField(default=list)
    record_count = models.IntegerField()
    count_total = models.BigIntegerField()
    checksum = models.TextField()
    imported_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["analysis", "source"], name="analyses_annotationset_source"),
            columns.json_is("records", "array", "analyses_annotationset_records_array"),
        ]

    def __str__(self) -> str:
        return f"{self.source} of {self.analysis_id}"
