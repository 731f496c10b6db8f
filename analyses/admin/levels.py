"""The button by which a curator hides what ENA shows, and shows it again."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from analyses.visibility import Actor
from ena.availability import set_own_visibility
from ena.models import Visibility
from ena.readonly_admin import ReadOnlyAdmin, leave_for

LEVELS = [(Visibility.SUPPRESSED.value, "Hide it from everybody"), (Visibility.PUBLIC.value, "Leave it to ENA")]


class LevelForm(BaseDialogForm):
    level = forms.TypedChoiceField(choices=LEVELS, coerce=int, widget=UnfoldAdminSelectWidget)
    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget, label="Why? It is kept with the event.")


DIALOG = {
    "title": "Hide or show",
    "description": "With all that belongs to it. No look at ENA undoes this.",
    "form_class": LevelForm,
    "form_submit_text": "Set the level",
}


class LevelButton(ReadOnlyAdmin):
    actions_detail: tuple[str, ...] = ("set_level",)

    def has_set_level_permission(self, request: HttpRequest, _object_id: str | None = None) -> bool:
        return request.user.has_perm(f"analyses.change_{self.opts.model_name}")

    @action(description="Hide or show", url_path="level", permissions=["set_level"], dialog=DIALOG)
    def set_level(self, request: HttpRequest, form: LevelForm, object_id: str) -> HttpResponse:
        if not request.user.is_authenticated:
            raise PermissionDenied
        row, wanted, actor = self.row_of(request, object_id), form.cleaned_data, str(Actor.staff(request.user))
        moved = set_own_visibility(
            model=self.model, ids=[row.pk], level=wanted["level"], actor=actor, note=wanted["reason"]
        )
        messages.success(request, "Done." if moved else "It was so already.")
        return leave_for(request, row)
