import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from analyses.models import columns
from analyses.models.study import Study


class RequestType(models.TextChoices):
    PUBLIC = "Public"
    PRIVATE = "Private"


class RequestState(models.TextChoices):
    RECEIVED = "received"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    MIRRORED = "mirrored"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELLED = "cancelled"


class AnalysisRequest(models.Model):
    """A data owner asks for a study to be analysed (§6.5). Whether we know the study is not for them to see.

    ``request_key``: the asker's own name for the request, sent again it is the same one. ``ticket_sent_at``: when the
    help desk was told, null as long as it was not.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    requestor_webin = models.CharField(max_length=25)
    request_key = models.CharField(max_length=64, null=True, blank=True)
    study_accession = models.CharField(max_length=32)
    analysis_type = models.CharField(max_length=500)
    request_type = models.TextField(choices=RequestType)
    comments = models.CharField(max_length=5000, default="", db_default="", blank=True)
    study = models.ForeignKey(Study, null=True, blank=True, on_delete=models.SET_NULL, related_name="requests")
    state = models.TextField(choices=RequestState, default=RequestState.RECEIVED)
    ticket_sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["requestor_webin", "request_key"], name="analyses_request_once"),
            models.CheckConstraint(
                condition=Q(requestor_webin__regex="^Webin-[0-9]+$"), name="analyses_request_requestor"
            ),
            columns.one_of("request_type", RequestType, "analyses_request_type"),
            columns.one_of("state", RequestState, "analyses_request_state"),
        ]
        indexes = [models.Index(fields=["requestor_webin", "-created_at", "id"], name="request_of_requestor")]

    def __str__(self) -> str:
        return f"{self.study_accession} for {self.requestor_webin}: {self.state}"


class AnalysisRequestEvent(models.Model):
    """One move of a request. Append only; ``note`` and ``actor`` stay inside."""

    request = models.ForeignKey(AnalysisRequest, on_delete=models.CASCADE, related_name="events")
    from_state = models.TextField(choices=RequestState, null=True)
    to_state = models.TextField(choices=RequestState)
    note = models.TextField(default="", db_default="")
    actor = models.TextField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            columns.one_of("from_state", RequestState, "analyses_requestevent_from"),
            columns.one_of("to_state", RequestState, "analyses_requestevent_to"),
        ]

    def __str__(self) -> str:
        return f"{self.request_id}: {self.from_state} to {self.to_state}"
