"""``Notice``: what people are told elsewhere, once an event (``spec/pipelines.md`` §4.14)."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Notice(models.Model):
    """Written in the transaction of what it tells, sent by the duty ``notices``.

    ``key`` names the event. ``heading`` is for any reader, ``text`` for those who may see the study, ``payload`` for
    programs. ``page``: where in the admin to act. ``uncertain``: it may have arrived, so it is not sent again but by a
    person.
    """

    class Kind(models.TextChoices):
        SUCCESS = "success", "Published"
        FAILURE = "failure", "Failed"
        NEEDS_ATTENTION = "needs_attention", "Needs a person"
        RECOVERED = "recovered", "Recovered"
        REQUEST = "request", "Request"
        EVENT = "event", "Event"

    class Channel(models.TextChoices):
        TEAM = "team"
        HELP_DESK = "help_desk"
        PREFECT = "prefect"

    class State(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"
        SENT = "sent"
        UNCERTAIN = "uncertain"

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=200)
    channel = models.CharField(max_length=12, choices=Channel)
    kind = models.CharField(max_length=15, choices=Kind)
    heading = models.CharField(max_length=200)
    study = models.ForeignKey("analyses.Study", null=True, blank=True, on_delete=models.CASCADE, related_name="notices")
    text = models.TextField(blank=True)
    payload = models.JSONField(default=dict, blank=True)
    page = models.CharField(max_length=100)
    asked_by = models.CharField(max_length=150, blank=True, default="")
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key"], name="one_notice_an_event"),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | ~Q(state="sent") & Q(sent_at__isnull=True),
                name="notice_sent_at_iff_sent",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(state__in=["queued", "sending"]), name="notice_to_send")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.heading}"
