"""What the dialogs behind the buttons have in common: a reason, and who gives it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from unfold.dataclasses import ActionDialog
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from analyses.visibility import Actor
from ena.readonly_admin import ReadOnlyAdmin, leave_for


class ReasonForm(BaseDialogForm):
    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget, label="Why? It is kept with the event.")


def dialog(title: str, description: str, form: type[BaseDialogForm] = BaseDialogForm) -> ActionDialog:
    return {"title": title, "description": description, "form_class": form, "form_submit_text": title}


CANCEL = dialog("Cancel", "It ends, with all that works for it alone, and is not started again.", ReasonForm)


class CancelButton(ReadOnlyAdmin):
    """A row that can be cancelled, by whoever may change it."""

    actions_detail = ("cancel",)

    def cancel_row(self, row: Any, **by: str) -> tuple[Model, str]:
        """:return: the row as it is then, and that in words"""
        raise NotImplementedError

    def has_cancel_permission(self, request: HttpRequest, _object_id: str | None = None) -> bool:
        return request.user.has_perm(f"workflows.change_{self.opts.model_name}")

    @action(
        description="Cancel", url_path="cancel", permissions=["cancel"], variant=ActionVariant.DANGER, dialog=CANCEL
    )
    def cancel(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        asked, reason = self.row_of(request, object_id), form.cleaned_data["reason"]
        row, said = self.cancel_row(asked, actor=actor_of(request), reason=reason)
        messages.success(request, said)
        return leave_for(request, row)


def actor_of(request: HttpRequest) -> str:
    if not request.user.is_authenticated:
        raise PermissionDenied
    return str(Actor.staff(request.user))
