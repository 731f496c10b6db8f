from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from analyses.models.study import Study


class StudyWatcher(models.Model):
    """Somebody of the staff who wants to hear of a study."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="watchers", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="studies_watching")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "user"], name="analyses_studywatcher_pair")]

    def __str__(self) -> str:
        return f"{self.user_id} watches {self.study_id}"
