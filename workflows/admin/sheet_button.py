"""The button that edits a batch's samplesheet, as long as its next round has not begun."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from analyses.admin.dialogs import ActingAdmin, actor_of, dialog
from workflows.batches.sheet_editing import NotEditable, checked_edits, edit_sheet, editable_members, sheet_of
from workflows.models import Batch, BatchMember
from workflows.pipelines.sheets import SheetRefused


class SheetForm(BaseDialogForm):
    sheet = forms.CharField(
        strip=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 20, "wrap": "off", "class": "font-mono"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        try:
            self.batch = Batch.objects.select_related("study", "job").get(pk=self.object_id)
        except (Batch.DoesNotExist, ValidationError) as fault:
            raise Http404(str(fault)) from fault
        self.fields["sheet"].initial = text_of(self.batch)

    def clean_sheet(self) -> str:
        text = self.cleaned_data["sheet"].replace("\r\n", "\n")
        try:
            checked_edits(self.batch, text)
        except NotEditable as refusal:
            raise ValidationError(str(refusal)) from refusal
        except SheetRefused as refusal:
            raise ValidationError(refusal.faults) from refusal
        return text


EDIT = dialog("Edit the samplesheet", "Comma-separated, as the pipeline reads it; each value is checked.", SheetForm)


class SheetButton(ActingAdmin):
    actions_detail = ("edit",)

    @action(description=EDIT["title"], url_path="sheet", permissions=["act"], dialog=EDIT)
    def edit(self, request: HttpRequest, form: SheetForm, object_id: str) -> HttpResponse:
        batch, text = self.row_of(request, object_id), form.cleaned_data["sheet"]

        def work() -> int:
            return edit_sheet(batch_id=batch.pk, text=text, actor=actor_of(request))

        return self.carry_out(request, batch, work, "The samplesheet is edited", NotEditable, SheetRefused)


def lines_of(batch: Batch) -> list[BatchMember]:
    """Whose lines can be edited, asked once for a page."""
    kept = vars(batch)
    if "lines_to_edit" not in kept:
        kept["lines_to_edit"] = list(editable_members(batch))
    return kept["lines_to_edit"]


def text_of(batch: Batch) -> str:
    """The sheet, or why it cannot be written."""
    try:
        return sheet_of(batch, lines_of(batch))
    except SheetRefused as refusal:
        return str(refusal)
