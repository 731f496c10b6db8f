from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.forms import BaseDialogForm

from analyses.admin.dialogs import ActingAdmin, dialog
from analyses.admin.studies import study_lookup
from ena.readonly_admin import outside
from workflows.letters import page_of
from workflows.models import Notice
from workflows.services.notices import send_again

AGAIN = dialog("Send it again", "It may have arrived: look there first. Whoever has it already gets it twice.")


@admin.register(Notice)
class NoticeAdmin(ActingAdmin):
    """What people were told, or will be. Without an address for its channel a notice stays here, queued."""

    joins = ("study",)
    list_display = ("__str__", "channel", "where", "study", "created_at", "sent_at", "error")
    list_filter = ("state", "kind", "channel")
    search_help_text = "A whole key, e.g. request:<id>, or an accession of the study"
    fields = (
        ("heading", "kind", "about"),
        "text",
        "payload",
        ("channel", "where", "study"),
        ("key", "tries", "error"),
        ("created_at", "next_try_at", "sent_at"),
    )
    actions_detail = ("send_again",)

    def found_by(self, term: str) -> Q:
        return Q(key=term) | study_lookup(term, "study")

    @admin.display(description="about")
    def about(self, notice: Notice) -> str:
        return outside(page_of(notice), "page")

    def has_buttons(self, notice: Notice) -> bool:
        return notice.state == Notice.State.UNCERTAIN

    @action(description="Send again", url_path="again", permissions=["act"], dialog=AGAIN)
    def send_again(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        notice = self.row_of(request, object_id)
        return self.carry_out(request, notice, lambda: send_again(notice=notice), "It is sent again")
