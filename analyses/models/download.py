import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from analyses.models import columns
from analyses.models.analysis import Analysis
from analyses.models.study import Study

LIVE = Q(superseded_by__isnull=True)


class DownloadFileType(models.TextChoices):
    """Frozen within API v2: new kinds use ``other``."""

    FASTA = "fasta"
    TSV = "tsv"
    BIOM = "biom"
    CSV = "csv"
    JSON = "json"
    SVG = "svg"
    TREE = "tree"
    HTML = "html"
    GFF = "gff"
    OTHER = "other"


class DownloadType(models.TextChoices):
    """Frozen within API v2: new kinds use ``Other``."""

    CODING_SEQUENCES = "Coding Sequences", "Coding Sequences"
    SEQUENCE_DATA = "Sequence data", "Sequence data"
    QUALITY_CONTROL = "Quality control", "Quality control"
    FUNCTIONAL_ANALYSIS = "Functional analysis", "Functional analysis"
    TAXONOMIC_ANALYSIS = "Taxonomic analysis", "Taxonomic analysis"
    STATISTICS = "Statistics", "Statistics"
    NON_CODING_RNAS = "non-coding RNAs", "non-coding RNAs"
    GENOME_ANALYSIS = "Genome analysis", "Genome analysis"
    RO_CRATE = "Analysis RO Crate", "Analysis RO Crate"
    OTHER = "Other", "Other"


class Download(models.Model):
    """A file that a reader may fetch, of an analysis or of a study.

    ``path`` is relative to the ``external_results_dir`` of its parent; ``external_url`` is for old files served
    elsewhere. A new file under an old alias is a new row that the old one points to: one id, the same bytes for ever.
    A file that is offered no more takes its predecessors with it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    analysis = models.ForeignKey(
        Analysis, null=True, blank=True, on_delete=models.CASCADE, related_name="downloads", db_index=False
    )
    study = models.ForeignKey(
        Study, null=True, blank=True, on_delete=models.CASCADE, related_name="downloads", db_index=False
    )
    position = models.IntegerField()
    path = models.TextField(null=True, blank=True)
    external_url = models.TextField(null=True, blank=True)
    alias = models.CharField(max_length=255)
    file_type = models.TextField(choices=DownloadFileType)
    download_type = models.TextField(choices=DownloadType)
    download_group = models.TextField()
    short_description = models.TextField(default="", blank=True)
    long_description = models.TextField(default="", blank=True)
    size_bytes = models.BigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, null=True, blank=True)
    md5 = models.CharField(max_length=32, null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    index_files = models.JSONField(default=list, db_default=[], blank=True)
    superseded_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="supersedes", db_index=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(analysis__isnull=True) | Q(study__isnull=True), name="analyses_download_one_parent"
            ),
            models.CheckConstraint(
                condition=Q(path__isnull=False, external_url__isnull=True)
                | Q(path__isnull=True, external_url__isnull=False),
                name="analyses_download_one_place",
            ),
            models.UniqueConstraint(fields=["analysis", "alias"], condition=LIVE, name="analyses_download_alias"),
            models.UniqueConstraint(fields=["study", "alias"], condition=LIVE, name="analyses_download_study_alias"),
            models.CheckConstraint(
                condition=Q(sha256__isnull=True)
                | Q(size_bytes__isnull=False, md5__isnull=False, verified_at__isnull=False),
                name="analyses_download_digest_is_verified",
            ),
            models.CheckConstraint(condition=~Q(superseded_by=F("id")), name="analyses_download_not_itself"),
            columns.one_of("file_type", DownloadFileType, "analyses_download_file_type"),
            columns.one_of("download_type", DownloadType, "analyses_download_type"),
            columns.stays_inside("path", "analyses_download_inside"),
            columns.json_is("index_files", "array", "analyses_download_index_array"),
        ]
        indexes = [
            models.Index(fields=["analysis", "position"], name="download_of_analysis"),
            models.Index(fields=["study", "position"], name="download_of_study"),
            # Else each row that is deleted has the whole table read for those that point to it.
            models.Index(
                fields=["superseded_by"], condition=Q(superseded_by__isnull=False), name="download_superseded"
            ),
        ]

    def __str__(self) -> str:
        return self.alias
