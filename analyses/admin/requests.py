from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from analyses.admin.dialogs import ActingAdmin, actor_of, dialog
from analyses.models import AnalysisRequest, RequestState
from analyses.services.request_analysis import MOVES, move_analysis_request
from analyses.states import IllegalMove, LostRace
from ena.readonly_admin import Section, table

ANSWERS = [(state.value, state.label) for state in RequestState if state != RequestState.RECEIVED]


class AnswerForm(BaseDialogForm):
    to = forms.ChoiceField(choices=ANSWERS, widget=UnfoldAdminSelectWidget, label="It is now")
    note = forms.CharField(
        max_length=2000, required=False, widget=UnfoldAdminTextareaWidget, label="Note; it stays inside"
    )


DIALOG = dialog("Answer", "Whom it belongs to sees the state at once, and not the note.", AnswerForm)


@admin.register(AnalysisRequest)
class AnalysisRequestAdmin(ActingAdmin):
    """What data owners ask for, newest first."""

    joins = ("study",)
    ordering = ("-created_at", "-pk")
    list_display = (
        "study_accession",
        "where",
        "requestor_webin",
        "analysis_type",
        "request_type",
        "created_at",
        "study",
    )
    list_filter = ("state", "request_type")
    search_help_text = "An accession as it was asked for, or a whole Webin account"
    fields = (
        ("study_accession", "study", "where"),
        ("requestor_webin", "analysis_type", "request_type"),
        "comments",
        ("created_at", "ticket_sent_at", "request_key"),
    )
    actions_detail = ("answer",)

    def found_by(self, term: str) -> Q:
        return Q(study_accession=term.upper()) | Q(requestor_webin=term)

    def has_buttons(self, row: AnalysisRequest) -> bool:
        return bool(MOVES[RequestState(row.state)])

    @action(description="Answer", url_path="answer", permissions=["act"], dialog=DIALOG)
    def answer(self, request: HttpRequest, form: AnswerForm, object_id: str) -> HttpResponse:
        row, to = self.row_of(request, object_id), RequestState(form.cleaned_data["to"])

        def move() -> AnalysisRequest:
            by = {"actor": actor_of(request), "note": form.cleaned_data["note"]}
            return move_analysis_request(request_id=row.pk, to=to, **by)

        return self.carry_out(request, row, move, f"It is {to.label.lower()}", IllegalMove, LostRace)

    def sections(self, row: AnalysisRequest) -> list[Section]:
        events = row.events.order_by("-pk")
        return [table("What happened, newest first", events, "created_at from_state to_state actor note")]
