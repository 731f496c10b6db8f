from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminFileFieldWidget

from analyses.admin.dialogs import StudiesField
from analyses.logos import BadLogo, checked_logo
from analyses.models import SuperStudy
from analyses.services.super_studies import save_super_study
from ena.readonly_admin import ReadOnlyAdmin, Section, table


class SuperStudyForm(forms.ModelForm):
    flagship = StudiesField(required=False, help_text="Accessions of the studies it is made of.")
    related = StudiesField(required=False, help_text="Accessions of studies that are shown beside them.")
    picture = forms.FileField(
        required=False, widget=UnfoldAdminFileFieldWidget, help_text="PNG, JPEG or SVG; empty keeps what is there."
    )

    class Meta:
        model = SuperStudy
        fields = ("slug", "title", "description")
        help_texts = {"description": "Markdown, shown to everybody.", "slug": "Part of its address; it stays as it is."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        links = list(self.instance.links.select_related("study").order_by("study")) if self.instance.pk else []
        for name, is_flagship in (("flagship", True), ("related", False)):
            named = [link.study.accession for link in links if link.is_flagship == is_flagship]
            self.initial.setdefault(name, "\n".join(named))

    def clean_picture(self) -> bytes | None:
        if not self.cleaned_data["picture"]:
            return None
        picture = self.cleaned_data["picture"].read()
        try:
            checked_logo(picture)
        except BadLogo as fault:
            raise forms.ValidationError(str(fault)) from fault
        return picture


@admin.register(SuperStudy)
class SuperStudyAdmin(ReadOnlyAdmin):
    form = SuperStudyForm
    ordering = ("-updated_at", "-pk")
    list_display = ("slug", "title", "updated_at")
    search_help_text = "A whole slug"

    def get_queryset(self, request: HttpRequest) -> QuerySet[SuperStudy]:
        return super().get_queryset(request).defer("logo")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("analyses.add_superstudy") and self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_act_permission(request)

    def get_fields(self, request: HttpRequest, obj: SuperStudy | None = None) -> list[Any]:
        said = [("slug", "title"), "description"]
        if self.has_change_permission(request) or (obj is None and self.has_add_permission(request)):
            said += [("flagship", "related"), "picture"]
        return said + ([("logo_mimetype", "updated_at")] if obj else [])

    def get_readonly_fields(self, request: HttpRequest, obj: SuperStudy | None = None) -> list[str]:
        return ["slug", "logo_mimetype", "updated_at"] if obj else []

    def found_by(self, term: str) -> Q:
        return Q(pk=term.lower())

    def save_model(self, request: HttpRequest, obj: SuperStudy, form: SuperStudyForm, change: bool) -> None:
        said = {name: form.cleaned_data[name] for name in ("title", "description", "flagship", "related")}
        save_super_study(slug=obj.slug, logo=form.cleaned_data["picture"], **said)

    def sections(self, super_study: SuperStudy) -> list[Section]:
        links = super_study.links.select_related("study").order_by("-is_flagship", "study")
        return [table("Studies", links, "study is_flagship study__title")]
