from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce

from analyses.models import Analysis, Download, PipelineVersion, Study
from analyses.selectors.biomes import below
from analyses.visibility import Actor, Kind, visible_to
from ena.models import Visibility

LIVE_DOWNLOADS = Prefetch("downloads", Download.objects.filter(superseded_by=None).order_by("position", "pk"))


def list_public(
    *, search: str | None = None, biome_lineage: str | None = None, pipeline_version: str | None = None
) -> QuerySet[Study]:
    """Public studies with ``biome`` and ``ena_study`` joined.

    :param search: part of the title or of an ENA accession, or a whole MGYS
    :param pipeline_version: studies with a public analysis of it; one without a minor part means its family
    """
    studies = _served(visible_to(Study, Actor.anonymous()))
    if search:
        studies = studies.filter(Q(search_text__contains=search.lower()) | Q(accession=search.upper()))
    if biome_lineage:
        studies = studies.filter(below(biome_lineage))
    if pipeline_version:
        family = [v for v in PipelineVersion.values if v == pipeline_version or v.startswith(f"{pipeline_version}.")]
        analyses = visible_to(Analysis, Actor.anonymous()).filter(study=OuterRef("pk"), pipeline_version__in=family)
        studies = studies.filter(Exists(analyses))
    return studies


def list_owned(*, seen_by: Actor, private_only: bool = False) -> QuerySet[Study]:
    """What an owner owns, public studies too; for staff every study that they may see, whoever owns it."""
    studies = _served(visible_to(Study, seen_by))
    if seen_by.kind is Kind.OWNER:
        studies = studies.filter(ena_study__webin_owner=seen_by.name)
    return studies.filter(visibility=Visibility.PRIVATE.value) if private_only else studies


def seen(*, accession: str, seen_by: Actor) -> Study | None:
    """One study by its MGYS or any ENA accession, if the actor sees it; a merged one leads to the other."""
    return _seen(_with_accession(accession), seen_by).first()


def with_mgys(*, accession: str, seen_by: Actor) -> QuerySet[Study]:
    """The same by its MGYS alone, in capitals: one row, or none."""
    return _seen(Study.objects.filter(accession=accession), seen_by)


def find(*, accession: str) -> Study:
    """Any study, whoever may see it: for services and flows, never for the API. A merged one leads to the other.

    :raises Study.DoesNotExist: it is not mirrored
    """
    if study := Study.objects.filter(pk__in=_followed(_with_accession(accession))).first():
        return study
    raise Study.DoesNotExist(f"{accession}: no such study here")


def _seen(named: QuerySet[Study], actor: Actor) -> QuerySet[Study]:
    return _served(visible_to(Study, actor)).filter(pk__in=_followed(named))


def _followed(named: QuerySet[Study]) -> QuerySet:
    return named.values(wanted=Coalesce("merged_into_id", "pk"))


def _served(studies: QuerySet[Study]) -> QuerySet[Study]:
    return studies.select_related("biome", "ena_study").order_by("pk")


def _with_accession(accession: str) -> QuerySet[Study]:
    accession = accession.upper()
    by = {"accession": accession} if accession.startswith("MGYS") else {"ena_study__aliases__accession": accession}
    return Study.objects.filter(**by)
