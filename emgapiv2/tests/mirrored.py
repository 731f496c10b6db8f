"""A catalogue as clients meet it: mirrored from the stand-in ENA, with published analyses, papers and a super study."""

from contextlib import contextmanager

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from pydantic import SecretStr

from analyses.europe_pmc import Mention, grouped
from analyses.experiment_type import SourcePolicy, StrategyPolicy
from analyses.models import Assembler, Assembly, Study
from analyses.services.curate_study import set_study_biome
from analyses.services.infer_experiment_types import store_experiment_types
from analyses.services.refresh_study import refresh_study
from analyses.tests.factories import (
    make_analysis,
    make_annotations,
    make_assembly,
    make_biome,
    make_download,
    make_publication,
    make_super_study,
)
from emgapiv2.tests.callers import OWNER
from ena import negotiation
from ena.services import set_study_owner
from ena.tests.conftest import PASSWORD

AMPLICON, SHOTGUN, ASSEMBLED, PRIVATE, REAL, LARGE = STUDIES = (
    "PRJEB99900001",
    "PRJEB99900002",
    "PRJEB99900003",
    "PRJEB99900004",
    "PRJEB51728",
    "PRJEB99910000",
)
NOTE = Mention(
    id="1",
    exact="soil",
    prefix="in ",
    postfix=".",
    section="Methods",
    type="Host",
    tags=[{"name": "soil", "uri": "http://x/1"}],
)
AS_ENA_SAYS = {"strategy_policy": StrategyPolicy.AS_IN_ENA, "source_policy": SourcePolicy.AS_IN_ENA, "expected": None}


@contextmanager
def asking(standin):
    """Settings under which ENA is the stand-in, for data that many tests share."""
    config = settings.EMG_CONFIG
    ena = config.ena.model_copy(update={"standin_url": standin.url, "data_portals": ["ena"]})
    webin = config.webin.model_copy(update={"dcc_password": SecretStr(PASSWORD)})
    negotiation._catalogues.clear()
    with override_settings(EMG_CONFIG=config.model_copy(update={"ena": ena, "webin": webin})):
        yield


@pytest.fixture(scope="module")
def catalogue(django_db_setup, django_db_blocker, standin_server):
    """Its accessions by what the calls of clients name them. A file that uses it is marked ``django_db``."""
    standin_server.reset()
    with committed(django_db_blocker), asking(standin_server):
        yield make_catalogue()


@contextmanager
def committed(django_db_blocker):
    """Rows made in the block are seen by other connections and processes, and are gone after it."""
    assert connection.settings_dict["NAME"].startswith("test_"), "all rows of this database would go"
    with django_db_blocker.unblock():
        try:
            yield
        finally:
            call_command("flush", interactive=False, verbosity=0)


def mirror(accession, lineage="root:Environmental:Terrestrial:Soil"):
    """A study with all that ENA shows of it, and a biome, without which nothing is published."""
    make_biome(lineage)
    study = refresh_study(accession=accession, actor="test")
    store_experiment_types(study, AS_ENA_SAYS)
    return set_study_biome(study=study, lineage=lineage)


def publish(subject, version="V6"):
    """:param subject: a run or an assembly"""
    found = {"metadata": {"marker_gene_summary": {}}, "quality_control": {"before_filtering": {"total_reads": 5}}}
    analysis = make_analysis(subject, state="published", pipeline_version=version, **found)
    make_annotations(analysis, records=[{"count": 3, "organism": "sk__Bacteria"}, {"count": 1, "organism": None}])
    make_download(analysis, index_files=[{"index_type": "gzi", "path": "taxonomy/ssu.tsv.gzi"}])
    return analysis


def make_catalogue():
    studies = {accession: mirror(accession) for accession in STUDIES}
    amplicon = studies[AMPLICON]
    set_study_owner(study=studies[PRIVATE].ena_study, webin_account=OWNER, actor="test")
    of_runs = [publish(run) for name in (AMPLICON, REAL, PRIVATE) for run in studies[name].runs.order_by("pk")]
    of_assemblies = [publish(assembly) for assembly in Assembly.objects.filter(run_links__position=1).order_by("pk")]
    Study.objects.filter(pk=amplicon.pk).update(results_area="public", external_results_dir="soil")
    make_download(amplicon, alias="study_summary.tsv")
    about = {"iso_journal": "J. Soil", "doi": "10.1/soil", "authors": "Wurm R."}
    paper = make_publication(amplicon, title="Of soil", metadata=about, annotations=grouped([NOTE]))
    super_study = make_super_study(amplicon, related=[studies[REAL]], description="*soil*")
    first, assembly = of_runs[0], of_assemblies[0].assembly
    assembler = Assembler.objects.create(name="megahit", version="1.2.9")
    ours = {"assembler": assembler, "metadata": {"coverage": 0.9, "coverage_depth": 12.5}}
    make_assembly(assembly.runs.first(), accession="ERZ99990001", state="planned", **ours)
    return {
        "study": amplicon.accession,
        "insdc": AMPLICON,
        "assembled_study": studies[ASSEMBLED].accession,
        "large_study": studies[LARGE].accession,
        "private_study": studies[PRIVATE].accession,
        "sample": first.sample.first_accession,
        "run": first.run.first_accession,
        "analysis": first.accession,
        "assembly": assembly.first_accession,
        "assembled_run": assembly.runs.first().first_accession,
        "assembled_sample": assembly.sample.first_accession,
        "assembly_analysis": of_assemblies[0].accession,
        "paper": paper.pk,
        "super_study": super_study.pk,
    }
