"""The button that ends what is under way."""

from typing import Any

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.enums import ActionVariant

from analyses.admin.dialogs import ReasonForm, actor_of, dialog
from ena.readonly_admin import ReadOnlyAdmin, leave_for

CANCEL = dialog("Cancel", "It ends, with all that works for it alone, and is not started again.", ReasonForm)


class CancelButton(ReadOnlyAdmin):
    """A row that can be cancelled, by whoever may change it."""

    actions_detail: tuple[str, ...] = ("cancel",)

    def cancel_row(self, row: Any, **by: str) -> tuple[Model, str]:
        """:return: the row as it is then, and that in words"""
        raise NotImplementedError

    @action(description="Cancel", url_path="cancel", permissions=["act"], variant=ActionVariant.DANGER, dialog=CANCEL)
    def cancel(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        asked, reason = self.row_of(request, object_id), form.cleaned_data["reason"]
        row, said = self.cancel_row(asked, actor=actor_of(request), reason=reason)
        messages.success(request, said)
        return leave_for(request, row)
