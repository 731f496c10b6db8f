from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet, Subquery

from analyses.models import Assembly, AssemblyEvent, AssemblyRun, Run, Sample, Study
from analyses.selectors.runs import UNSHOWN
from analyses.visibility import Actor, visible_to

UNSHOWN_OF_PARENTS = tuple(f"{joined}__{name}" for joined in ("reads_study", "assembly_study") for name in UNSHOWN)


def list_public() -> QuerySet[Assembly]:
    """Public assemblies, by themselves; ENA's record is left in the database."""
    return visible_to(Assembly, Actor.anonymous()).defer("metadata", "inferred_metadata").order_by("pk")


def list_of_sample(*, sample: Sample | int, seen_by: Actor) -> QuerySet[Assembly]:
    return _told(visible_to(Assembly, seen_by).filter(sample=sample), seen_by)


def list_of_run(*, run: Run | int, seen_by: Actor) -> QuerySet[Assembly]:
    return _told(visible_to(Assembly, seen_by).filter(run_links__run=run), seen_by)


def list_of_study(*, study: Study | int, seen_by: Actor) -> QuerySet[Assembly]:
    """Those made of a study's reads, and those kept in it."""
    of_study = Q(reads_study=study) | Q(assembly_study=study)
    return _told(visible_to(Assembly, seen_by).filter(of_study), seen_by)


def seen(*, accession: str, seen_by: Actor) -> Assembly | None:
    """One assembly by any of its accessions, if the actor sees it."""
    return with_accession(accession=accession.upper(), seen_by=seen_by).first()


def detail(*, accession: str, seen_by: Actor) -> Assembly | None:
    """The same with all that it shows."""
    return _told(with_accession(accession=accession.upper(), seen_by=seen_by), seen_by).first()


def with_accession(*, accession: str, seen_by: Actor) -> QuerySet[Assembly]:
    """:param accession: any of its own, in capitals; one row has it, or none"""
    return visible_to(Assembly, seen_by).filter(aliases__accession=accession)


def _told(assemblies: QuerySet[Assembly], seen_by: Actor) -> QuerySet[Assembly]:
    """With its studies, its assembler, ``run_accessions``, ``sample_accession`` and the ``reason_code`` of its state.

    Whoever sees an assembly sees its studies and runs, whose levels it copies; of its sample it holds no more than
    the own level.
    """
    runs = AssemblyRun.objects.filter(assembly=OuterRef("pk")).order_by("position").values("run__first_accession")
    sample = visible_to(Sample, seen_by).filter(pk=OuterRef("sample_id")).values("first_accession")
    reason = AssemblyEvent.objects.filter(assembly=OuterRef("pk")).order_by("-pk").values("reason_code")[:1]
    told = assemblies.annotate(
        run_accessions=ArraySubquery(runs), sample_accession=Subquery(sample), reason_code=Subquery(reason)
    )
    joined = told.select_related("reads_study", "assembly_study", "assembler")
    return joined.defer("inferred_metadata", *UNSHOWN_OF_PARENTS).order_by("pk")
