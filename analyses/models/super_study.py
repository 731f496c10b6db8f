from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.db.models.lookups import LessThanOrEqual

from analyses.models.study import Study

LARGEST_LOGO_BYTES = 512 * 1024
LOGO_BYTES = Func(F("logo"), function="octet_length", output_field=models.IntegerField())


class LogoType(models.TextChoices):
    PNG = "image/png"
    JPEG = "image/jpeg"
    SVG = "image/svg+xml"


class SuperStudy(models.Model):
    """Studies that belong together, told of on a page of their own. ``description`` is markdown."""

    slug = models.SlugField(max_length=100, primary_key=True)
    title = models.CharField(max_length=255)
    description = models.TextField(default="", db_default="", blank=True)
    logo = models.BinaryField(null=True)
    logo_mimetype = models.TextField(choices=LogoType, null=True)
    logo_sha256 = models.CharField(max_length=64, null=True)
    studies = models.ManyToManyField(Study, through="SuperStudyStudy", related_name="super_studies")
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "super studies"
        constraints = [
            models.CheckConstraint(
                condition=Q(logo=None, logo_mimetype=None, logo_sha256=None)
                | Q(logo_mimetype__in=LogoType.values, logo__isnull=False, logo_sha256__isnull=False),
                name="analyses_superstudy_whole_logo",
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(LOGO_BYTES, LARGEST_LOGO_BYTES), name="analyses_superstudy_small_logo"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class SuperStudyStudy(models.Model):
    """A study of a super study: one of its flagships, or related to it."""

    super_study = models.ForeignKey(SuperStudy, on_delete=models.CASCADE, related_name="links", db_index=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="super_study_links")
    is_flagship = models.BooleanField(default=True, db_default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["super_study", "study"], name="analyses_superstudystudy_pair")]

    def __str__(self) -> str:
        return f"{self.study_id} of {self.super_study_id}"
