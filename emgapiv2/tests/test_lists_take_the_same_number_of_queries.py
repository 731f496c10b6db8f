"""One row or three: the same statements. The numbers are those of the API's page, and one more for a count."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analyses.services.issue_api_token import issue_api_token
from analyses.tests.factories import (
    make_analysis,
    make_annotations,
    make_assembly,
    make_download,
    make_publication,
    make_run,
    make_sample,
    make_study,
    make_super_study,
)
from emgapiv2.tests.callers import OWNER, request_of
from emgapiv2.tests.operations import gets
from workflows.models import Decision, FlowRun
from workflows.services.flow_runs import ask_for_run

pytestmark = pytest.mark.django_db
COUNT, TOKEN, SIGN_IN = 1, 2, 1  # a token is read, and once a minute its use is noted; a sign-in may be revoked
BUDGETS = {
    "list_mgnify_studies": 1 + COUNT,
    "get_mgnify_study": 2,
    "get_mgnify_study_accession_by_insdc_accession": 1,
    "list_mgnify_study_analyses": 2 + COUNT,
    "list_mgnify_study_samples": 2 + COUNT,
    "list_mgnify_samples": 1 + COUNT,
    "get_mgnify_sample": 2,
    "list_sample_runs": 2 + COUNT,
    "list_analysed_runs": 1 + COUNT,
    "get_analysed_run": 1,
    "list_runs_analyses": 2 + COUNT,
    "list_mgnify_analyses": 1 + 2 + COUNT,  # the files of the page all in one, and the runs of its assemblies
    "get_mgnify_analysis": 3,
    "resolve_accession": 5,  # one for each kind
    "get_mgnify_analysis_with_annotations": 4,
    "get_mgnify_analysis_with_annotations_of_type": 2 + COUNT,
    "list_mgnify_study_runs": 2 + COUNT,
    "list_mgnify_study_assemblies": 2 + COUNT,
    "list_mgnify_study_publications": 2 + COUNT,
    "list_sample_assemblies": 2 + COUNT,
    "list_runs_assemblies": 2 + COUNT,
    "list_assemblies": 1 + COUNT,
    "get_assembly": 1,
    "list_analyses_for_assembly": 2 + COUNT,
    "list_genome_links_for_assembly": 1,
    "list_additional_contained_genomes_for_assembly": 1,
    "list_mgnify_publications": 1 + COUNT,
    "get_mgnify_publication": 2,
    "get_mgnify_publication_annotations": 2,
    "list_super_studies": 1 + COUNT,
    "get_super_study": 2,
    "list_mgnify_biomes": 1 + COUNT,
    "list_private_mgnify_studies": 1 + COUNT + SIGN_IN,
    "list_api_tokens": 1 + COUNT + SIGN_IN,
    "list_analysis_requests": 2 + COUNT + SIGN_IN,  # and their events
    "get_analysis_request": 2 + SIGN_IN,
    "list_deployments": TOKEN,
    "list_flow_runs": 1 + COUNT + TOKEN,
    "get_flow_run": 4 + TOKEN,  # itself, its calls, its questions, its events
    "list_decisions": 1 + COUNT + TOKEN,
    "list_changes": 2,  # and the clock
}


def grow(study, sample, rows):
    """Rows of every kind, all below one study, one sample and one run."""
    first_run = make_run(study, sample)
    for _ in range(rows):
        make_study(level=1, owner=OWNER)
        request = request_of(OWNER)
        issue_api_token(owner_webin=OWNER, name="test", scopes=["read"], expires_at=timezone.now())
        run = make_run(study, sample)
        make_sample(study)
        make_study(accession=None).samples.add(sample, through_defaults={"study_visibility": 0})
        analysis = make_analysis(run, state="published")
        make_annotations(analysis)
        for parent in (analysis, study):
            make_download(parent, alias=f"{run.first_accession}.tsv")
        assembly = make_assembly(run, first_run, assembly_study=study)
        for version in ("V6", "V6.1"):
            make_analysis(assembly, state="published", pipeline_version=version)
        studies = [study, make_study(), make_study()]
        publication = make_publication(*studies, annotations={"sample_processing": [], "other": []})
        super_study = make_super_study(*studies)
    for number in range(FlowRun.objects.count(), FlowRun.objects.count() + rows):
        asked = {"deployment": "run_batch_deployment", "parameters": {"batch_id": f"{number:032}"}}
        flow_run, _ = ask_for_run(**asked, source="test", run_key=str(number), actor="test", study=study)
        flow_run.decisions.create(question=f"q{number}", subject="s", form={})
    ids = {"run_id": flow_run.pk, "request_id": request.pk, "pubmed_id": publication.pk, "slug": super_study.pk}
    return run, analysis, assembly, ids


def statements(client, operation, path, things):
    run, analysis, assembly, ids = things
    accession = {
        "studies/insdc": run.study.first_accession,
        "studies": run.study.accession,
        "samples": run.sample.first_accession,
        "runs": run.first_accession,
        "analyses": analysis.accession,
        "assemblies": assembly.first_accession,
        "accessions": run.sample.first_accession,
    }
    noun = "studies/insdc" if "/insdc/" in path else path.split("/")[3]
    url = path.format(accession=accession.get(noun), annotation_type="taxonomies__ssu", **ids)
    client.get(url)  # counts what is counted once a minute
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(url)
    assert answer.status_code == 200, (operation, answer.content)
    return [query["sql"] for query in captured]


def test_lists_and_details_take_the_same_number_of_queries_within_budget(client, bearer, as_owner):
    study = make_study()
    sample = make_sample(study)
    staff, owner = bearer("read", "launch"), as_owner()
    callers = dict.fromkeys(["flow-runs", "decisions", "deployments"], staff) | dict.fromkeys(
        ["my-data", "auth", "analysis-requests"], owner
    )
    faults, once = [], {}
    things = grow(study, sample, 1)
    for rows in ("1 row", "3 rows"):
        for operation, path in gets().items():
            sent = statements(callers.get(path.split("/")[3], client), operation, path, things)
            once.setdefault(operation, len(sent))
            allowed = BUDGETS[operation]
            if len(sent) > allowed or (rows == "3 rows" and len(sent) > once[operation]):
                faults.append(f"{operation}, {rows}: {len(sent)} statements, {allowed} allowed\n  " + "\n  ".join(sent))
        things = grow(study, sample, 2)
    assert Decision.objects.count() == 5
    assert faults == [], "\n".join(faults)
