"""What studies, samples and runs have in common (``spec/catalogue.md`` §5)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from analyses.models import columns


class ResultsArea(models.TextChoices):
    """Under which root the files lie; changed only after a verified copy (§4.5)."""

    NONE = "none"
    PRIVATE = "private"
    PUBLIC = "public"


class Mirrored(models.Model):
    """A noun that ENA knows too. The accessions are copies for serving; look-ups go through the alias tables.

    ``inferred_metadata`` is ours and is never mixed into ENA's record.
    """

    ena_accessions = ArrayField(models.TextField(), default=list, db_default=[], blank=True)
    first_accession = models.TextField(null=True, blank=True)
    inferred_metadata = models.JSONField(default=dict, db_default={}, blank=True)
    own_visibility = columns.own_level_field()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True
