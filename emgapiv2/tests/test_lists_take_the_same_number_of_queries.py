"""One row or thirty: the same statements, three at most where nothing is said below, and none that counts a table."""

import re

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
MOST = 3  # for a list below an object: it, the count, the page
TOKEN, SIGN_IN = 2, 1  # a token is read, and once a minute its use is noted; a sign-in may be revoked
MORE = {
    "resolve_accession": 5,  # one for each kind
    "list_analysis_requests": MOST + SIGN_IN,
    "list_flow_runs": 2 + TOKEN,
    "list_decisions": 2 + TOKEN,
    "get_flow_run": 4 + TOKEN,  # itself, its calls, its questions, its events
}
FEWER = {"list_mgnify_studies": 2, "list_mgnify_samples": 2, "list_analysed_runs": 2, "list_mgnify_analyses": 2} | {
    "get_mgnify_study": 1,
    "get_analysed_run": 1,
    "get_mgnify_analysis": 1,
}
COUNTS_ALL = re.compile(r"count\((?!.* LIMIT )", re.IGNORECASE | re.DOTALL)


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
    # A statement is planned once a connection, which is at whichever request comes to be the fifth.
    return [query["sql"] for query in captured if not query["sql"].startswith("PREPARE ")]


def test_lists_and_details_take_the_same_number_of_queries_within_budget(client, bearer, as_owner):
    study = make_study()
    sample = make_sample(study)
    staff, owner = bearer("read", "launch"), as_owner()
    callers = dict.fromkeys(["flow-runs", "decisions", "deployments"], staff) | dict.fromkeys(
        ["my-data", "auth", "analysis-requests"], owner
    )
    faults, once = [], {}
    for rows, more in ((1, 1), (30, 29)):
        things = grow(study, sample, more)
        for operation, path in gets().items():
            sent = statements(callers.get(path.split("/")[3], client), operation, path, things)
            allowed = min(once.setdefault(operation, len(sent)), (MORE | FEWER).get(operation, MOST))
            if len(sent) > allowed or any(map(COUNTS_ALL.search, sent)):
                faults.append(f"{operation}, {rows} rows: {len(sent)} statements, {allowed} allowed")
                faults.extend(sent)
    assert Decision.objects.count() == rows
    assert faults == [], "\n".join(faults)
