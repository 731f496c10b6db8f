"""What the dialogs behind the buttons have in common: who asks, why, and what became of it."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from unfold.dataclasses import ActionDialog
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from analyses.models import Study
from analyses.selectors.studies import find
from analyses.visibility import Actor
from ena.readonly_admin import ReadOnlyAdmin, leave_for


class ReasonForm(BaseDialogForm):
    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget, label="Why? It is kept with the event.")


class StudyField(forms.CharField):
    """A study by its MGYS or any ENA accession."""

    widget = UnfoldAdminTextInputWidget

    def clean(self, value: str) -> Study | None:
        text = super().clean(value)
        return _studies_named([text])[0] if text else None


class StudiesField(forms.CharField):
    """Studies by their accessions, parted by spaces, commas or lines."""

    widget = UnfoldAdminTextareaWidget

    def clean(self, value: str) -> list[Study]:
        return _studies_named(super().clean(value).replace(",", " ").split())


def _studies_named(accessions: list[str]) -> list[Study]:
    """:raises forms.ValidationError: tells of all that name none"""
    found, faults = [], []
    for accession in accessions:
        try:
            found.append(find(accession=accession))
        except Study.DoesNotExist as fault:
            faults.append(str(fault))
    if faults:
        raise forms.ValidationError(faults)
    return found


def dialog(title: str, description: str, form: type[BaseDialogForm] = BaseDialogForm) -> ActionDialog:
    return {"title": title, "description": description, "form_class": form, "form_submit_text": title}


def person_of(request: HttpRequest) -> User:
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


def actor_of(request: HttpRequest) -> str:
    return str(Actor.staff(person_of(request)))


class ActingAdmin(ReadOnlyAdmin):
    """A page with buttons. Each calls one service, and who did what is kept in the page's history."""

    def carry_out(
        self, request: HttpRequest, row: Model, work: Callable[[], object], done: str, *refusals: type[Exception]
    ) -> HttpResponse:
        """Do it, say what became of it, and go on to the row's page.

        :param work: its answer is False or 0 if there was nothing to do
        :param done: what was done, in words
        :param refusals: what the service raises where it changes nothing
        """
        try:
            is_news = work()
        except refusals as refusal:
            messages.error(request, f"Nothing was changed: {refusal}")
        else:
            if is_news is False or is_news == 0:
                messages.info(request, "It was so already.")
            else:
                self.log_change(request, row, done)
                messages.success(request, done)
        return leave_for(request, row)
