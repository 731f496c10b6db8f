"""Who may see what: the only place where it is written (``spec/catalogue.md`` §4.3).

``NULL = W`` is never true in SQL and W is never None, so a private study that nobody owns is seen by staff only.
"""

import re
from dataclasses import dataclass
from enum import Enum

from django.contrib.auth.models import AbstractUser
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from analyses.models import (
    Analysis,
    AnalysisEvent,
    AnnotationSet,
    Assembler,
    Assembly,
    AssemblyEvent,
    AssemblyRun,
    Biome,
    Download,
    Publication,
    Run,
    Sample,
    SampleRelation,
    SampleStudy,
    Study,
    StudyPublication,
    SuperStudy,
    SuperStudyStudy,
    Withdrawal,
)
from ena.models import Visibility

WEBIN_ACCOUNT = re.compile(r"\AWebin-[0-9]+\Z", re.ASCII)


class Kind(Enum):
    ANONYMOUS = "anonymous"
    OWNER = "owner"
    STAFF = "staff"
    SYSTEM = "system"


@dataclass(frozen=True)
class Actor:
    """Somebody who reads or writes. Use the four constructors; as text it is what events keep."""

    kind: Kind
    name: str = ""

    @classmethod
    def anonymous(cls) -> "Actor":
        return cls(Kind.ANONYMOUS)

    @classmethod
    def owner(cls, webin: str) -> "Actor":
        """:raises ValueError: not exactly ``Webin-`` and digits; there is no owner without an account"""
        if not isinstance(webin, str) or not WEBIN_ACCOUNT.match(webin):
            raise ValueError(f"owner: {webin!r} is not a Webin account such as Webin-12345")
        return cls(Kind.OWNER, webin)

    @classmethod
    def staff(cls, user: AbstractUser) -> "Actor":
        """:raises ValueError: the user is not active staff"""
        if not (user.is_active and (user.is_staff or user.is_superuser)):
            raise ValueError(f"staff: {user} is not active staff")
        return cls(Kind.STAFF, user.get_username())

    @classmethod
    def system(cls, name: str) -> "Actor":
        return cls(Kind.SYSTEM, name)

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.name}" if self.name else self.kind.value


def visible_to(objects: type[Model] | QuerySet, actor: Actor) -> QuerySet:
    """The rows that the actor may see.

    :param objects: a model of this room, or a queryset of one
    :raises KeyError: a model for which nothing is written here
    """
    queryset = objects if isinstance(objects, QuerySet) else objects._default_manager.all()
    return queryset.filter(RULES[queryset.model](actor))


def _by_level(actor: Actor, owners: Q) -> Q:
    """:param owners: what an owner sees beyond the public rows"""
    return {
        Kind.ANONYMOUS: Q(visibility=Visibility.PUBLIC.value),
        Kind.OWNER: Q(visibility=Visibility.PUBLIC.value) | owners,
        Kind.STAFF: Q(visibility__lte=Visibility.PRIVATE.value),
        Kind.SYSTEM: Q(),
    }[actor.kind]


def _private_of(actor: Actor, study: str = "") -> Q:
    """Level 1, and the study (reached by ``study``) is the actor's."""
    return Q(**{"visibility": Visibility.PRIVATE.value, f"{study}ena_study__webin_owner": actor.name})


def _studies(actor: Actor) -> Q:
    return _by_level(actor, _private_of(actor))


def _samples(actor: Actor) -> Q:
    seen = SampleStudy.objects.filter(sample=OuterRef("pk"), study__in=visible_to(Study, actor))
    return _by_level(actor, Q(Exists(seen), own_visibility=Visibility.PUBLIC.value))


def _runs(actor: Actor) -> Q:
    return _by_level(actor, _private_of(actor, "study__"))


def _assemblies(actor: Actor) -> Q:
    """An owner needs to own every private study that the assembly comes from; it has no private level of its own."""
    others_runs = AssemblyRun.objects.filter(assembly=OuterRef("pk"), run__study_visibility=Visibility.PRIVATE.value)
    others_runs = others_runs.exclude(run__study__ena_study__webin_owner=actor.name)
    private_and_owned = Q(~Exists(others_runs), visibility=Visibility.PRIVATE.value)
    for study in ("reads_study", "assembly_study"):
        owned = Q(**{f"{study}__ena_study__webin_owner": actor.name})
        private_and_owned &= Q(**{study: None}) | Q(**{f"{study}_visibility": Visibility.PUBLIC.value}) | owned
    return _by_level(actor, private_and_owned)


def _analyses(actor: Actor) -> Q:
    """An owner needs every parent visible and a study of theirs among them: an analysis may be private of its own.

    A private assembly that they see is made of studies of theirs.
    """
    private = Visibility.PRIVATE.value
    owned = _private_of(actor, "study__") | _private_of(actor, "run__study__")
    owned |= Q(visibility=private, assembly__visibility=private)
    every_parent = (
        Q(study__in=visible_to(Study, actor))
        & (Q(run=None) | Q(run__in=visible_to(Run, actor)))
        & (Q(assembly=None) | Q(assembly__in=visible_to(Assembly, actor)))
    )
    rule = _by_level(actor, owned & every_parent)
    return rule & Q(is_ready=True) if actor.kind in {Kind.ANONYMOUS, Kind.OWNER} else rule


def _downloads(actor: Actor) -> Q:
    return Q(analysis__in=visible_to(Analysis, actor)) | Q(study__in=visible_to(Study, actor))


def _of_analysis(actor: Actor) -> Q:
    return Q(analysis__in=visible_to(Analysis, actor))


def _of_assembly(actor: Actor) -> Q:
    return Q(assembly__in=visible_to(Assembly, actor))


def _relations(actor: Actor) -> Q:
    seen = visible_to(Sample, actor)
    return Q(declaring_sample__in=seen, related_sample__in=seen)


def _publications(actor: Actor) -> Q:
    """A paper about hidden studies only would tell of them."""
    links = StudyPublication.objects.filter(publication=OuterRef("pk"))
    return ~Exists(links) | Exists(links.filter(study__in=visible_to(Study, actor)))


def _of_study(actor: Actor) -> Q:
    return Q(study__in=visible_to(Study, actor))


def _anything(_actor: Actor) -> Q:
    return Q()


RULES = {
    Biome: _anything,
    Assembler: _anything,
    SuperStudy: _anything,  # its members are sifted
    SuperStudyStudy: _of_study,
    Publication: _publications,
    Withdrawal: _anything,  # it holds only what had been public
    Study: _studies,
    Sample: _samples,
    Run: _runs,
    Assembly: _assemblies,
    AssemblyEvent: _of_assembly,
    AssemblyRun: lambda actor: _of_assembly(actor) & Q(run__in=visible_to(Run, actor)),
    SampleRelation: _relations,
    Analysis: _analyses,
    AnalysisEvent: _of_analysis,
    AnnotationSet: _of_analysis,
    Download: _downloads,
}
