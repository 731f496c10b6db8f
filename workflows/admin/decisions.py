from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from analyses.admin.dialogs import actor_of
from ena.readonly_admin import ReadOnlyAdmin, Section, badge
from workflows.admin.schema_form import answer_from, fields_of
from workflows.models import Decision
from workflows.services.decisions import AlreadyAnswered, answer_decision, faults_of_answer


class AnswerForm(forms.ModelForm):
    """The base of each question's own form, which has a field for each property of its schema."""

    class Meta:
        model = Decision
        fields = ()

    def clean(self) -> dict[str, Any]:
        answer = answer_from(self.cleaned_data)
        for fault in faults_of_answer(self.instance, answer) if not self.errors else ():
            name, _, message = fault.partition(": ")
            self.add_error(name if name in self.fields else None, message)
        return answer


class WaitsFilter(admin.SimpleListFilter):
    title = parameter_name = "answered"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("no", "waits for an answer"), ("yes", "answered")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(answer__isnull=self.value() == "no") if self.value() else queryset


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    joins = ("flow_run",)
    ordering = ("-asked_at", "-pk")
    list_display = ("question", "subject", "state", "asked_at", "answered_by", "answered_at", "via")
    list_filter = (WaitsFilter, "question")
    change_form_outer_before_template = ReadOnlyAdmin.change_form_outer_after_template
    change_form_outer_after_template = None
    search_help_text = "A whole subject, e.g. MGYS00000001:mini_amplicon"

    def found_by(self, term: str) -> Q:
        return Q(subject=term)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = request.user.has_perm("workflows.change_decision")
        return may and (obj is None or obj.answer is None)

    def get_fieldsets(self, request: HttpRequest, obj: Decision | None = None) -> list:
        asked = ("question", "subject"), ("flow_run", "asked_at", "generation")
        if obj and self.has_change_permission(request, obj):
            return [(None, {"fields": asked}), ("Your answer", {"fields": list(fields_of(obj.form, obj.initial))})]
        return [(None, {"fields": (*asked, "answer", ("answered_by", "answered_at", "via"))})]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("question", "subject", "flow_run", "asked_at", "generation", "answer")

    def get_form(self, request: HttpRequest, obj: Decision | None = None, change: bool = False, **kwargs: Any) -> type:
        if obj is None or not self.has_change_permission(request, obj):
            return super().get_form(request, obj, change, **kwargs)
        return type("Answer", (AnswerForm,), fields_of(obj.form, obj.initial))

    def save_model(self, request: HttpRequest, obj: Decision, form: AnswerForm, change: bool) -> None:
        answer = answer_from(form.cleaned_data)
        try:
            answer_decision(decision_id=obj.pk, answer=answer, actor=actor_of(request), via="admin")
        except AlreadyAnswered as first:
            messages.warning(request, f"Your answer was not taken: {first}")
        else:
            messages.success(request, "Answered: the flow goes on.")

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        return super().render_change_form(request, context | {"show_save_and_continue": False}, *args, **kwargs)

    def response_change(self, request: HttpRequest, obj: Decision) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:workflows_decision_change", args=[obj.pk]))

    @admin.display(description="state")
    def state(self, decision: Decision) -> str:
        return badge("waiting" if decision.answer is None else "done")

    def sections(self, decision: Decision) -> list[Section]:
        told = (("Why it is asked", decision.why), ("Why the last answer was not taken", decision.refused))
        return [Section(title, text=text) for title, text in told if text]
