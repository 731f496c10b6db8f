from django.db.models import Prefetch, QuerySet

from analyses.models import SuperStudy, SuperStudyStudy
from analyses.visibility import Actor, visible_to


def list_all() -> QuerySet[SuperStudy]:
    """Every super study, whoever asks, the latest first; without its picture."""
    return SuperStudy.objects.defer("logo").order_by("-updated_at", "-pk")


def detail(*, slug: str, seen_by: Actor) -> SuperStudy | None:
    """One super study; ``links`` are to those of its studies that the actor sees."""
    links = visible_to(SuperStudyStudy, seen_by).select_related("study__biome", "study__ena_study").order_by("study")
    return list_all().filter(pk=slug).prefetch_related(Prefetch("links", links)).first()


def with_logo(*, slug: str) -> SuperStudy | None:
    return SuperStudy.objects.filter(pk=slug).first()
