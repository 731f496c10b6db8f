"""A look at ENA in full: that room's page, and the button that needs to know MGnify's rows."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.forms import BaseDialogForm

from analyses.admin.dialogs import ActingAdmin, actor_of, dialog
from analyses.services.held_absences import let_held_absences_count
from ena.admin import SyncRunAdmin as EnaSyncRunAdmin
from ena.models import Outcome, SyncRun

LET_COUNT = dialog("Let it count", "What ENA did not show is really gone: it is hidden a day after it was missed.")

admin.site.unregister(SyncRun)


@admin.register(SyncRun)
class SyncRunAdmin(ActingAdmin, EnaSyncRunAdmin):
    actions_detail = ("let_count",)

    def has_buttons(self, sync_run: SyncRun) -> bool:
        return sync_run.outcome == Outcome.HELD

    @action(description="Let absences count", url_path="let-count", permissions=["act"], dialog=LET_COUNT)
    def let_count(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        sync_run = self.row_of(request, object_id)

        def strike() -> str:
            return f"{let_held_absences_count(sync_run=sync_run, actor=actor_of(request))} rows are struck"

        return self.carry_out(request, sync_run, strike, "What was absent counts now", ValueError)
