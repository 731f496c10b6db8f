"""What a curator is asked before a study is analysed or assembled, and what the answer does (§4.4, §4.5, §4.6)."""

from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from django.contrib.auth.models import User
from pydantic import BaseModel, Field, create_model

from analyses.experiment_type import SourcePolicy, StrategyPolicy
from analyses.models import AssemblerName, Biome, Study
from analyses.services.curate_study import set_study_biome
from analyses.services.plan_analyses import plan_analyses
from analyses.services.plan_assemblies import plan_assemblies
from analyses.services.plan_assembly_analyses import plan_assembly_analyses
from analyses.services.study_watchers import watch_study
from ena.models import Visibility
from ena.services import set_study_owner
from workflows.batches.reports import expected_type
from workflows.batches.starting import NotAvailableHere
from workflows.pipelines import registry
from workflows.pipelines.declaration import Declared

PIPELINE_DEFAULT = "pipeline_default"
FUNCTIONAL = frozenset({"{functional_analysis}", "{no_functional_analysis}"})


class StudySettings(BaseModel):
    """An answer whole. The form has the fields that study and pipeline leave open, see :func:`form_for`."""

    biome: str
    watchers: list[str] = []
    library_strategy_policy: str = StrategyPolicy.AS_IN_ENA
    library_source_policy: str = SourcePolicy.BY_NAME
    webin_owner: str | None = None
    functional_analysis: bool = False
    assembler: str = PIPELINE_DEFAULT
    contaminant_reference: str | None = None
    wait_for_samplesheet_editing: bool = False


def available(slug: str) -> Declared:
    """:raises UnknownPipeline, NotAvailableHere: with the list of what is missing"""
    declared = registry.get(slug)
    if missing := registry.missing_here(declared, settings.EMG_CONFIG):
        raise NotAvailableHere(f"{slug}: " + "; ".join(missing))
    return declared


def known_settings(study: Study, declared: Declared) -> StudySettings | None:
    """Of assemblies there is nothing to choose: they are asked about only where the study itself lacks something."""
    if declared.pipeline.subject != "assembly" or study.biome is None or _lacks_owner(study):
        return None
    return StudySettings(biome=study.biome.lineage)


def form_for(study: Study, declared: Declared) -> type[BaseModel]:
    """The question's form, with its choices."""
    pipeline, staff = declared.pipeline, User.objects.filter(is_staff=True, is_active=True)
    lineages = tuple(Biome.objects.order_by("path").values_list("lineage", flat=True))
    people = tuple(staff.order_by("username").values_list("username", flat=True))
    fields: dict[str, Any] = {"biome": (Literal[lineages], ...)}
    if people:
        fields["watchers"] = (list[Literal[people]], Field([], description="Who wants to hear of it"))  # type: ignore[valid-type]
    if pipeline.subject == "run":
        strategies, sources = tuple(StrategyPolicy.values), tuple(SourcePolicy.values)
        fields["library_strategy_policy"] = (Literal[strategies], StrategyPolicy.AS_IN_ENA.value)
        fields["library_source_policy"] = (Literal[sources], SourcePolicy.BY_NAME.value)
    if FUNCTIONAL.intersection(value for value in pipeline.params.values() if isinstance(value, str)):
        fields["functional_analysis"] = (bool, False)
    if pipeline.makes_assemblies:
        fields["assembler"] = (Literal[(PIPELINE_DEFAULT, *AssemblerName.values)], PIPELINE_DEFAULT)
        about = "File of the host's genome; empty: each sample's own host"
        fields["contaminant_reference"] = (str | None, Field(None, description=about))
    if pipeline.subject == "run":
        about = "Stop before the first batch, so that its samplesheet can be edited"
        fields["wait_for_samplesheet_editing"] = (bool, Field(False, description=about))
    if _lacks_owner(study):
        fields["webin_owner"] = (str, Field(pattern=r"^Webin-[0-9]+$", description="Who may see the results"))
    return create_model("AssembleStudyInput" if pipeline.makes_assemblies else "AnalyseStudyInput", **fields)


def apply_settings(study: Study, declared: Declared, chosen: StudySettings, *, actor: str) -> None:
    """Biome, owner, watchers and experiment types; the analyses or assemblies that are missing. Twice is once."""
    pipeline = declared.pipeline
    group = getattr(settings.EMG_CONFIG, pipeline.settings)
    _check_reference(chosen.contaminant_reference, group.params.get("reference_genomes_folder"))
    set_study_biome(study=study, lineage=chosen.biome)
    if chosen.webin_owner and study.ena_study:
        set_study_owner(study=study.ena_study, webin_account=chosen.webin_owner, actor=actor)
    for user in User.objects.filter(username__in=chosen.watchers, is_staff=True):
        watch_study(study=study, user=user)
    runs: dict[str, Any] = {
        "experiment_types": pipeline.experiment_types,
        "strategy_policy": chosen.library_strategy_policy,
        "source_policy": chosen.library_source_policy,
        "expected": expected_type(declared),
    }
    host: dict[str, Any] = {"contaminant_reference": chosen.contaminant_reference}
    version = pipeline.pipeline_version
    if pipeline.makes_assemblies:
        assembler = None if chosen.assembler == PIPELINE_DEFAULT else chosen.assembler
        plan_assemblies(study=study, assembler=assembler, actor=actor, **runs, **host)
    elif version is None:
        raise NotAvailableHere(f"{pipeline.slug} makes no analyses")
    elif pipeline.subject == "assembly":
        limit = group.max_analyses_per_study
        plan_assembly_analyses(study=study, pipeline_version=version, at_most=limit, actor=actor, **host)
    else:
        plan_analyses(study=study, pipeline_version=version, actor=actor, **runs)


def _lacks_owner(study: Study) -> bool:
    return study.visibility == Visibility.PRIVATE and not (study.ena_study and study.ena_study.webin_owner)


def _check_reference(name: str | None, folder: object) -> None:
    """:raises NotAvailableHere: no such genome in the site's folder"""
    if name and (not folder or Path(name).name != name or not Path(str(folder), name).exists()):
        raise NotAvailableHere(f"contaminant_reference: there is no {name!r} in {folder}")
