"""Buttons on a study's page that start a flow about it; each form has what that flow can be told."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget

from analyses.admin.dialogs import actor_of, dialog
from ena.readonly_admin import leave_for
from workflows.admin.schema_form import answer_from, fields_of
from workflows.launchable import get_launchable
from workflows.pipelines import registry
from workflows.services.flow_runs import NAMES_A_STUDY, ask_for_run


class StartForm(BaseDialogForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "pipeline" in self.fields:
            choices = [(slug, registry.get(slug).pipeline.label) for slug in pipelines_here()]
            self.fields["pipeline"] = forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget)


def pipelines_here() -> list[str]:
    """Those that make analyses, have all they need at this site, and are no add-on to another."""
    declared = [registry.get(slug) for slug in registry.slugs()]
    makers = [one for one in declared if one.pipeline.pipeline_version and not one.pipeline.after]
    return [one.pipeline.slug for one in makers if not registry.missing_here(one, settings.EMG_CONFIG)]


def start_button(function: str, description: str) -> Callable[..., HttpResponse]:
    """A button for the flow of that name, shown to whoever may start one."""
    flow = get_launchable(f"{function}_deployment")
    schema = flow.parameters.model_json_schema()
    subject = next(name for name in NAMES_A_STUDY if name in schema["properties"])
    fields = fields_of(schema, {})
    del fields[subject]
    form = dialog(flow.title, description, type("Form", (StartForm,), fields))

    @action(description=flow.title, url_path=function, permissions=["start"], dialog=form)
    def start(self: Any, request: HttpRequest, form: StartForm, object_id: str) -> HttpResponse:
        study = self.row_of(request, object_id)
        run, is_new = ask_for_run(
            deployment=flow.name,
            parameters={subject: study.first_accession or study.accession, **answer_from(told(form))},
            source="admin",
            run_key=str(uuid4()),
            actor=actor_of(request),
            study=study,
        )
        messages.success(request, "Asked for." if is_new else "Such a run is under way: this is it.")
        return leave_for(request, run)

    start.__name__ = function
    return start


def told(form: forms.Form) -> dict[str, Any]:
    """What was filled in, without the library's own field."""
    return {name: value for name, value in form.cleaned_data.items() if not name.startswith("_")}
