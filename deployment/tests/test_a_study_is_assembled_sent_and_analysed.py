"""Reads go in; assemblies come out, go to ENA and are analysed: the flows of §4.5-§4.7 one after another, for real.

The pipelines themselves cannot be here: Nextflow runs stand-ins that have their sheets, parameters and files.
"""

import json
import os
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest
from rich.console import Console

from deployment.local.demo import BIOME, Operator
from deployment.local.environment import STATE
from deployment.local.stack import Stack, find_place, forget, held_place
from workflows.pipelines import registry
from workflows.pipelines.fetch import project_folder
from workflows.tests.example_trees import example_assembly, example_mobilome, example_viruses
from workflows.tests.webin import running_webin

pytestmark = [pytest.mark.prefect, pytest.mark.nextflow, pytest.mark.timeout(900)]
HERE = Path(__file__).parent / "pipelines"
STUDY, ACCOUNT, RUNS = "PRJEB99900002", "Webin-99900002", 4
INTERPROS = 2368  # of the example tree
TREES = {"assembly_v6": example_assembly, "virify_v3": example_viruses, "map_v4": example_mobilome}
ANSWERS = {
    "assembly_settings": {"biome": BIOME, "wait_for_samplesheet_editing": True},
    "samplesheets_reviewed": {"samplesheets": "go"},
    "upload_confirmed": {"upload": True},
}
PARAMS = {
    "miassembler_v3": "samplesheet outdir private_study use_fire_download skip_human_decontamination",
    "assembly_v6": "input outdir use_fire_download min_contig_length max_contig_n_content samplesheet output",
    "virify_v3": "samplesheet output use_proteins input outdir",
    "map_v4": "input outdir samplesheet output",
}


@pytest.fixture(scope="module")
def place():
    name = f"test-assembling{os.environ.get('PYTEST_XDIST_WORKER', '')}"
    with held_place(name):
        forget(find_place(name))
        yield find_place(name)
        shutil.rmtree(STATE / name, ignore_errors=True)


@pytest.fixture(scope="module")
def webin(place):
    """Webin and the command that talks to it; its password is that of the stand-in ENA, whose drop-box is used too."""
    password = place.secret("ENA_PASSWORD")
    (place.home / "secrets" / "ENA_WEBIN_PASSWORD").write_text(password)
    with running_webin(password, place.home / "webin") as (server, jar):
        server.jar = jar
        server.answers = [503]  # the first submission arrives and its answer does not
        yield server


@pytest.fixture(scope="module")
def stack(place, webin):
    """The whole platform, as on somebody's machine: nothing of this session's own settings."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("EMG_", "PREFECT_"))]:
            patch.delenv(name)
        references = place.home / "references"
        references.mkdir()
        folder = json.dumps({"reference_genomes_folder": str(references)})
        patch.setenv("EMG_ASSEMBLER__PARAMS", folder)
        patch.setenv("EMG_ASSEMBLER__REFERENCES", json.dumps({"human_reference": "human.fna"}))
        patch.setenv("EMG_ASSEMBLY_ANALYSIS_PIPELINE__PARAMS", folder)
        patch.setenv("EMG_WEBIN__EMG_WEBIN_ACCOUNT", ACCOUNT)
        patch.setenv("EMG_WEBIN__WEBIN_CLI_JAR", str(webin.jar))
        patch.setenv("EMG_WEBIN__WEBIN_CLI_RETRY_DELAY_SECONDS", "1")
        patch.setenv("EMG_CLUSTER__BACKEND", "local")
        patch.setenv("EMG_CLUSTER__LOCAL_MEMORY_MIB", "20000")  # heads and Java ask for more than they need here
        made = Stack(place, nullcontext)
        for slug in PARAMS:
            stand_in(slug, place.home / "pipelines")
        try:
            made.start()
            yield made
        finally:
            made.stop(cancel_jobs=False)


def stand_in(slug, root):
    """As ``manage.py pipelines fetch`` leaves a pipeline."""
    project = project_folder(root, slug, registry.revision_of(slug))
    shutil.copytree(HERE / ("trees" if slug in TREES else "assembler"), project)
    lines = "".join(f"  {name} = null\n" for name in [*PARAMS[slug].split(), "reference_genomes_folder"])
    (project / "nextflow.config").write_text(f"params {{\n{lines}}}\n")
    if slug in TREES:
        TREES[slug](project / "made").rename(project / "tree")


def run(operator, deployment, **parameters):
    def answer(question):
        chosen = question["initial"] | ANSWERS[question["question"]]
        operator.post(f"/decisions/{question['id']}/answer", {"answer": chosen})
        asked.append(question["question"])

    asked = []
    return operator.run_flow(deployment, parameters, answer), asked


def jobs_of(stack):
    return [job["name"] for job in json.loads(stack.manage("jobs", "list", "--json"))]


def test_assembled_sent_once_and_analysed(stack, webin):
    operator = Operator(stack, Console(quiet=True))
    assembled, asked = run(operator, "assemble_study_deployment", accession=STUDY)
    assert (asked, assembled["error"]) == (list(ANSWERS), "")
    sent = set(webin.submitted.values())
    assert (len(sent), webin.asked) == (RUNS - 1, RUNS)
    mgys = operator.get(f"/studies/insdc/{STUDY}")["accession"]
    assemblies = {one["accession"]: one for one in operator.get(f"/studies/{mgys}/assemblies/")["items"]}
    assert {name for name in assemblies if name} == sent
    assert all("dir" not in one and str(stack.place.home) not in json.dumps(one) for one in assemblies.values())
    before = jobs_of(stack)
    _, asked = run(operator, "assemble_study_deployment", accession=STUDY, retry_failed=True)
    assert asked == []
    assert sorted(jobs_of(stack)) == sorted(before)

    analysed, _ = run(operator, "analysis_assembly_study_deployment", study_accession=STUDY)
    assert analysed["error"] == ""
    analyses = operator.get(f"/studies/{mgys}/analyses/")["items"]
    assert {one["assembly"]["accession"] for one in analyses} == sent
    for analysis in analyses:
        records = operator.get(f"/analyses/{analysis['accession']}/annotations/interpros")
        assert records["count"] == INTERPROS
    (study,) = operator.get("/studies/", search="TPA metagenomics assembly")["items"]
    assert study["title"].endswith("assembly of ERP999002 data set")
