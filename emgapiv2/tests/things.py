"""One of everything that the API serves, and the document as a source of calls to it."""

import re

import pytest
import schemathesis
from django.conf import settings
from django.utils import timezone
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from analyses.europe_pmc import Mention, grouped
from analyses.services.issue_api_token import issue_api_token
from analyses.tests.factories import (
    make_analysis,
    make_annotations,
    make_assembly,
    make_download,
    make_publication,
    make_run,
    make_study,
    make_super_study,
)
from emgapiv2.tests.callers import OWNER, request_of
from emgapiv2.tests.mirrored import committed
from emgapiv2.tests.operations import document
from emgapiv2.tests.served import serving
from workflows.services.flow_runs import ask_for_run

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OF_OWNERS = {"auth", "my-data", "analysis-requests"}


@pytest.fixture(scope="module")
def served_things(django_db_setup, django_db_blocker, standin_server, tmp_path_factory):
    """The things, and under ``site`` the address at which gunicorn serves them.

    It takes the tokens that this process signs, and its feed waits for no write.
    """
    log = tmp_path_factory.mktemp("served") / "log"
    ours = {"EMG_API__CHANGE_HORIZON_SECONDS": "0", "EMG_WEBIN__JWT_SECRET_KEY": settings.JWT_SECRET_KEY}
    with committed(django_db_blocker), serving(standin=standin_server, log=log, **ours) as site:
        yield make_things() | {"site": site}


def make_things():
    study = make_study(metadata={"study_description": "für Ökologen", "tax_id": None})
    analysis = make_analysis(make_run(study), state="published")
    make_annotations(analysis, records=[{"organism": "sk__Bacteria", "count": None, "value": 0.5}])
    for parent in (study, analysis):
        make_download(parent, index_files=[{"index_type": "fai", "path": "taxonomy/ssu.tsv.fai"}])
    asked = {"deployment": "run_batch_deployment", "parameters": {"batch_id": "0" * 32}}
    flow_run, _ = ask_for_run(**asked, source="test", run_key="1", actor="test", study=study)
    flow_run.decisions.create(question="q", subject="s", form={})
    make_study(level=1, owner=OWNER)
    assembly = make_assembly(analysis.run, assembly_study=study, metadata={"coverage": 1.5})
    make_analysis(assembly, state="published")
    mentions = [Mention(exact="gut", type=kind, tags=[{"name": "gut", "uri": "http://x"}]) for kind in ("Host", "LS")]
    publication = make_publication(study, metadata={"doi": "10.1/x"}, annotations=grouped(mentions))
    issue_api_token(owner_webin=OWNER, name="test", scopes=["read"], expires_at=timezone.now())
    return {
        "flow-runs": str(flow_run.pk),
        "analysis-requests": str(request_of(OWNER).pk),
        "insdc": study.first_accession,
        "studies": study.accession,
        "samples": analysis.sample.first_accession,
        "runs": analysis.run.first_accession,
        "analyses": analysis.accession,
        "accessions": analysis.accession,
        "assemblies": assembly.first_accession,
        "publications": publication.pk,
        "super-studies": make_super_study(study, related=[make_study()]).pk,
    }


def names_for(path, things):
    """What fills a path template, so that there is something."""
    noun = "insdc" if "/insdc/" in path else path.split("/")[3]
    more = {"annotation_type": "taxonomies__ssu", "alias": "ssu.tsv", "noun": "studies"}
    return {name: more.get(name) or things[noun] for name in re.findall(r"{(\w+)}", path)}


def described():
    """Our document as schemathesis reads it."""
    return schemathesis.openapi.from_dict(closed(document()))


def closed(node):
    """The document with no field allowed that it does not name."""
    if isinstance(node, dict):
        node = {str(key): closed(value) for key, value in node.items()}
        return node | {"additionalProperties": False} if "properties" in node else node
    return [closed(item) for item in node] if isinstance(node, list) else node
