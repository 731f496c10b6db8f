"""The button by which a curator moves an analysis or an assembly: never what a pipeline holds."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget

from analyses.admin.dialogs import ReasonForm, actor_of, dialog
from analyses.admin.levels import LevelButton
from analyses.models import ReasonCode
from analyses.preconditions import PreconditionFailed
from analyses.states import IllegalMove, LostRace

HELD = {"running", "uploading"}
WORDS = {
    "planned": "Plan it again (what is published is served no more)",
    "blocked": "Block it: it is not tried any more",
    "completed": "Take an upload or its blocking back: it is completed",
}


class MoveForm(ReasonForm):
    field_order = ("to", "reason")
    to = forms.ChoiceField(choices=list(WORDS.items()), widget=UnfoldAdminSelectWidget, label="Where to?")


DIALOG = dialog("Move it", "What is not possible from its present state is refused.", MoveForm)


class MoveButton(LevelButton):
    actions_detail = ("move", "set_level")

    def move_row(self, row: Any, to: str, **told: Any) -> object:
        """:raises IllegalMove, LostRace, PreconditionFailed: nothing was changed"""
        raise NotImplementedError

    @action(description="Move", url_path="move", permissions=["act"], dialog=DIALOG)
    def move(self, request: HttpRequest, form: MoveForm, object_id: str) -> HttpResponse:
        row, to, reason = self.row_of(request, object_id), form.cleaned_data["to"], form.cleaned_data["reason"]
        told = {"actor": actor_of(request), "reason_code": ReasonCode.CURATOR, "note": reason}

        def move_it() -> object:
            if row.state in HELD or (to == "completed" and row.state not in {"uploaded", "upload_blocked"}):
                raise IllegalMove(row.state, to)
            return self.move_row(row, to, **told)

        done = f"{row} is {to}: {reason}"
        return self.carry_out(request, row, move_it, done, IllegalMove, LostRace, PreconditionFailed)
