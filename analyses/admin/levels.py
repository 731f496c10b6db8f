"""The button by which a curator hides what ENA shows, and shows it again."""

from django import forms
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget

from analyses.admin.dialogs import ActingAdmin, ReasonForm, actor_of, dialog
from ena.availability import set_own_visibility
from ena.models import Visibility

LEVELS = [(Visibility.SUPPRESSED.value, "Hide it from everybody"), (Visibility.PUBLIC.value, "Leave it to ENA")]


class CannotBeShown(Exception):
    """It is held back by what it is, not by a curator."""


class LevelForm(ReasonForm):
    field_order = ("level", "reason")
    level = forms.TypedChoiceField(choices=LEVELS, coerce=int, widget=UnfoldAdminSelectWidget)


DIALOG = dialog("Set the level", "With all that belongs to it. No look at ENA undoes this.", LevelForm)


class LevelButton(ActingAdmin):
    actions_detail: tuple = ("set_level",)

    @action(description="Hide or show", url_path="level", permissions=["act"], dialog=DIALOG)
    def set_level(self, request: HttpRequest, form: LevelForm, object_id: str) -> HttpResponse:
        row, level, reason = self.row_of(request, object_id), form.cleaned_data["level"], form.cleaned_data["reason"]

        def set_it() -> int:
            by = {"actor": actor_of(request), "note": reason}
            try:
                return set_own_visibility(model=self.model, ids=[row.pk], level=level, **by)
            except IntegrityError as error:
                told = f"{row} was merged into another study, or ENA has no record of it"
                raise CannotBeShown(told) from error

        done = f"{dict(LEVELS)[level]}: {reason}"
        return self.carry_out(request, row, set_it, done, CannotBeShown)
