from django.contrib import admin, messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from unfold.decorators import action
from unfold.forms import BaseDialogForm

from analyses.admin.dialogs import ActingAdmin, ReasonForm, actor_of, dialog
from analyses.admin.studies import study_lookup
from ena.readonly_admin import leave_for, outside
from workflows.cluster.adopting import NotAdopted, adopt_token
from workflows.cluster.backends.base import BackendUnavailable
from workflows.models import Attention
from workflows.next_steps import next_step
from workflows.services.attention import dismiss_attention

PAGES = {"job": "clusterjob", "flow_run": "flowrun", "batch": "batch", "decision": "decision", "duty": "duty"}
STRAY = "unknown_job"
ADOPT = dialog("Adopt", "Its rows are written again from its folder, and it is followed to its end.")
DONE = dialog("Done", "It is off the list. If its cause is still there it comes back by itself.", ReasonForm)


@admin.register(Attention)
class AttentionAdmin(ActingAdmin):
    joins = ("study",)
    list_display = ("text", "about", "study", "code", "since", "cleared_at", "cleared_by")
    list_filter = (("cleared_at", admin.EmptyFieldListFilter), "subject_kind")
    search_help_text = "A whole id of its subject, or an accession of the study"
    fields = (
        "text",
        "what_to_do",
        ("code", "about", "study"),
        ("since", "cleared_at"),
        ("cleared_by", "cleared_because"),
    )
    actions_detail = ("done", "adopt")

    def found_by(self, term: str) -> Q:
        return Q(subject_id=term) | study_lookup(term, "study")

    def has_buttons(self, attention: Attention) -> bool:
        return attention.cleared_at is None

    def has_button(self, attention: Attention, title: str) -> bool:
        return self.has_buttons(attention) and (title != "Adopt" or attention.code == STRAY)

    def has_adopt_permission(self, request: HttpRequest, _object_id: str | None = None) -> bool:
        """It makes a job: that is for who may act on jobs."""
        return self.has_act_permission(request) and request.user.has_perm("workflows.change_clusterjob")

    @admin.display(description="about")
    def about(self, attention: Attention) -> str:
        return subject_link(attention)

    @admin.display(description="what to do")
    def what_to_do(self, attention: Attention) -> str:
        return next_step(attention.code)

    @action(description="Done", url_path="done", permissions=["act"], dialog=DONE)
    def done(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        attention, because = self.row_of(request, object_id), form.cleaned_data["reason"]

        def dismiss() -> bool:
            return dismiss_attention(attention=attention, actor=actor_of(request), because=because)

        return self.carry_out(request, attention, dismiss, f"Done: {because}")

    @action(description="Adopt", url_path="adopt", permissions=["adopt"], dialog=ADOPT)
    def adopt(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        attention = self.row_of(request, object_id)
        token = attention.subject_id.partition(" ")[0].partition(".")[0]
        try:
            job = adopt_token(token=token, actor=actor_of(request))
        except (NotAdopted, BackendUnavailable) as refusal:
            messages.error(request, f"Nothing was changed: {refusal}")
            return leave_for(request, attention)
        self.log_change(request, attention, "Adopted")
        messages.success(request, "This is the job: the next passes follow it")
        return leave_for(request, job)


def subject_link(attention: Attention) -> str:
    """To the page of what it is about, where there is one."""
    kind = attention.subject_kind
    try:
        url = reverse(f"admin:workflows_{PAGES[kind]}_change", args=[attention.subject_id])
    except (KeyError, NoReverseMatch):
        return f"{kind} {attention.subject_id}"
    return outside(url, kind.replace("_", " "))
