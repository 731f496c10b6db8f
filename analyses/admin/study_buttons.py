"""What a curator decides of a study: each button is one service."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from analyses.admin.dialogs import StudyField, actor_of, dialog, person_of
from analyses.admin.levels import LevelButton
from analyses.europe_pmc import EuropePmcSilent, UnknownPaper
from analyses.models import Study
from analyses.services.choose_reads_study import choose_reads_study, suggest_reads_study
from analyses.services.import_publication import import_publication
from analyses.services.merge_studies import merge_studies
from analyses.services.publications import link_publication
from analyses.services.study_watchers import unwatch_study, watch_study
from ena.readonly_admin import leave_for
from ena.services import look_again, set_study_owner

LARGEST_ID = 2**31 - 1


class PaperForm(BaseDialogForm):
    pubmed_id = forms.IntegerField(
        min_value=1, max_value=LARGEST_ID, widget=UnfoldAdminIntegerFieldWidget, label="PubMed id"
    )


class ReadsStudyForm(BaseDialogForm):
    reads_study = StudyField(label="Study of the reads")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        study = Study.objects.filter(pk=self.object_id).first() if str(self.object_id).isdecimal() else None
        if named := study and suggest_reads_study(study=study):
            self.fields["reads_study"].help_text = f"Its title names {named}."


class OwnerForm(BaseDialogForm):
    webin_account = forms.CharField(widget=UnfoldAdminTextInputWidget, label="Webin account", help_text="Webin-12345")


class MergeForm(BaseDialogForm):
    keep = StudyField(label="The study that stays")
    really = forms.BooleanField(
        required=False, widget=UnfoldBooleanSwitchWidget, label="Do it. Without this, only say what would move."
    )


WATCH = dialog("Watch", "You are told when something of this study is published or goes wrong.")
UNWATCH = dialog("Stop watching", "You are told no more of this study.")
PAPER = dialog("Attach a paper", "One we do not have is read from Europe PMC.", PaperForm)
READS = dialog(
    "Choose the reads' study", "Whose reads its assemblies are made of, where no run says it.", ReadsStudyForm
)
OWNER = dialog("Set the owner", "Who sees it while it is private. Never guess.", OwnerForm)
LOOK = dialog("Look again", "It is looked at in ENA in the next turn.")
MERGE = dialog(
    "Merge", "All that hangs on this study moves to the other, and this one leads there for ever.", MergeForm
)


class StudyButtons(LevelButton):
    watching = {"title": "Watch", "items": ["watch", "unwatch"]}
    more = {"title": "More", "items": ["attach_paper", "look_again", "choose_reads", "set_owner", "merge", "set_level"]}
    actions_detail: tuple = (watching, more)

    @action(description="Watch", url_path="watch", permissions=["view"], dialog=WATCH)
    def watch(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        study = self.row_of(request, object_id)
        return self.carry_out(
            request, study, lambda: watch_study(study=study, user=person_of(request)), "Watched from now on"
        )

    @action(description="Stop watching", url_path="unwatch", permissions=["view"], dialog=UNWATCH)
    def unwatch(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        study = self.row_of(request, object_id)
        return self.carry_out(
            request, study, lambda: unwatch_study(study=study, user=person_of(request)), "Watched no more"
        )

    @action(description="Attach a paper", url_path="paper", permissions=["act"], dialog=PAPER)
    def attach_paper(self, request: HttpRequest, form: PaperForm, object_id: str) -> HttpResponse:
        study, pubmed_id = self.row_of(request, object_id), form.cleaned_data["pubmed_id"]

        def attach() -> bool:
            return link_publication(study=study, publication=import_publication(pubmed_id=pubmed_id))

        done = f"PMID {pubmed_id} is attached"
        return self.carry_out(request, study, attach, done, EuropePmcSilent, UnknownPaper)

    @action(description="Look again", url_path="look", permissions=["act"], dialog=LOOK)
    def look_again(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        study = self.row_of(request, object_id)
        return self.carry_out(
            request, study, lambda: look_again(accessions=study.ena_accessions), "A look is asked for"
        )

    @action(description="Choose the reads' study", url_path="reads", permissions=["act"], dialog=READS)
    def choose_reads(self, request: HttpRequest, form: ReadsStudyForm, object_id: str) -> HttpResponse:
        study, reads = self.row_of(request, object_id), form.cleaned_data["reads_study"]
        done = f"The reads of its assemblies are said to be of {reads}"
        return self.carry_out(
            request, study, lambda: choose_reads_study(study=study, reads_study=reads), done, ValueError
        )

    @action(description="Set the owner", url_path="owner", permissions=["act"], dialog=OWNER)
    def set_owner(self, request: HttpRequest, form: OwnerForm, object_id: str) -> HttpResponse:
        study, account = self.row_of(request, object_id), form.cleaned_data["webin_account"]

        def set_it() -> None:
            if study.ena_study is None:
                raise ValueError(f"{study} has no study at ENA, so nobody owns it there")
            set_study_owner(study=study.ena_study, webin_account=account, actor=actor_of(request))

        return self.carry_out(request, study, set_it, f"{account} owns it", ValueError)

    @action(description="Merge into another", url_path="merge", permissions=["act"], dialog=MERGE)
    def merge(self, request: HttpRequest, form: MergeForm, object_id: str) -> HttpResponse:
        drop, keep, really = self.row_of(request, object_id), form.cleaned_data["keep"], form.cleaned_data["really"]
        try:
            moved = merge_studies(keep=keep, drop=drop, actor=actor_of(request), dry_run=not really)
        except (ValueError, IntegrityError) as refusal:
            both = "both have something that there can be one of only"
            messages.error(request, f"Nothing was changed: {both if isinstance(refusal, IntegrityError) else refusal}")
            return leave_for(request, drop)
        told = ", ".join(f"{count} of {table}" for table, count in moved.items()) or "nothing"
        if not really:
            messages.info(request, f"Nothing was changed. Merged into {keep}, what would move: {told}")
            return leave_for(request, drop)
        self.log_change(request, keep, f"{drop} was merged into it; moved: {told}")
        messages.success(request, f"{drop} leads here now; moved: {told}")
        return leave_for(request, keep)
