"""Who works with it, what they have said and what waits for them."""

from datetime import timedelta

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from analyses.models import ApiToken, Biome
from analyses.selectors.studies import find
from analyses.services.heuristics import set_memory_to_assemble
from analyses.services.issue_api_token import issue_api_token
from analyses.services.publications import link_publication, save_publication
from analyses.services.request_analysis import request_analysis
from analyses.services.study_watchers import watch_study
from analyses.services.super_studies import save_super_study
from analyses.visibility import Actor
from emgapiv2.dev_data.studies import AMPLICONS, BIOME, FIRST_OWNER, METAGENOMES, PRIVATE
from emgapiv2.groups import GROUPS
from workflows.cluster.states import record_event, transition
from workflows.models import Decision, FlowRun
from workflows.services.attention import raise_attention

TOKEN = "dev data"  # noqa: S105 - the name of a token
FORM = {"type": "object", "required": ["biome"], "properties": {"biome": {"type": "string", "title": "Biome"}}}


def make_staff(password: str) -> str:
    """A member of each group, of the group's name. :return: a new API token of the operator; empty if there is one"""
    for name in GROUPS:
        user, is_new = User.objects.get_or_create(username=name, defaults={"is_staff": True})
        if is_new:
            user.set_password(password)
            user.save(update_fields=["password"])
            user.groups.add(Group.objects.get(name=name))
    if ApiToken.objects.filter(name=TOKEN, revoked_at=None, expires_at__gt=timezone.now()).exists():
        return ""
    expires_at = timezone.now() + timedelta(days=30)
    scopes = ["read", "launch"]
    holder = User.objects.get(username="operator")
    return issue_api_token(user=holder, name=TOKEN, scopes=scopes, expires_at=expires_at)[1]


def make_sayings() -> None:
    """A paper, a super study, advice on memory, a watcher, and what a data owner asks for."""
    studies = [find(accession=accession) for accession in (AMPLICONS, METAGENOMES)]
    paper = save_publication(
        pubmed_id=99_999_001, title="MADE UP: what lives in the sea", published_year=2024, metadata={"doi": "10.0/0"}
    )
    for study in studies:
        link_publication(study=study, publication=paper)
    if not studies[0].super_studies.exists():
        words = "MADE UP studies of the **seas**."
        save_super_study(slug="seas", title="Seas", description=words, flagship=studies[:1], related=studies[1:])
    set_memory_to_assemble(biome=Biome.objects.get(lineage=BIOME), assembler=None, memory_gib=64)
    watch_study(study=studies[0], user=User.objects.get(username="curator"))
    wish = {"analysis_type": "amplicon", "request_type": "Private", "comments": "Before our paper, please."}
    request_analysis(owner=Actor.owner(FIRST_OWNER), study_accession=PRIVATE, request_key="dev-data", **wish)


@transaction.atomic
def make_work(actor: str) -> None:
    """A flow run that was refused, one that was cancelled, a question that waits, and what needs a person."""
    study = find(accession=METAGENOMES)
    for run_key, error in (("refused", "pipeline: no such pipeline"), ("cancelled", "")):
        run, is_new = FlowRun.objects.get_or_create(
            source="dev_data",
            run_key=run_key,
            defaults={"deployment": "analyse_study_deployment", "study": study, "requested_by": actor},
        )
        if is_new:
            record_event(row=run, actor=actor, kind="asked", to_state=run.state)
            if run_key == "refused":
                transition(row=run, to="launching", actor=actor, kind="claimed")
            transition(row=run, to=run_key, actor=actor, kind=run_key, ended_at=Now(), error=error)
    subject = {"question": "analysis_settings", "subject": f"{study}:dev-data"}
    Decision.objects.get_or_create(**subject, defaults={"form": FORM, "why": "Whose biome is it?"})
    if not study.attentions.exists():
        told = "Job x 4711 carries a name of ours that no row knows; it is left alone."
        raise_attention(code="unknown_job", subject_kind="scheduler_job", subject_id="x 4711", text=told, study=study)
