"""What the dialogs behind the buttons have in common: a reason, and who gives it."""

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from unfold.dataclasses import ActionDialog
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from analyses.visibility import Actor


class ReasonForm(BaseDialogForm):
    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget, label="Why? It is kept with the event.")


def dialog(title: str, description: str, form: type[BaseDialogForm] = BaseDialogForm) -> ActionDialog:
    return {"title": title, "description": description, "form_class": form, "form_submit_text": title}


def actor_of(request: HttpRequest) -> str:
    if not request.user.is_authenticated:
        raise PermissionDenied
    return str(Actor.staff(request.user))
