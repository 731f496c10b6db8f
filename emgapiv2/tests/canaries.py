"""Public things, and hidden ones beside them: mirrored, with all that hangs on them, each with a word in every text."""

import re
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db.models import F

from analyses.models import Study
from analyses.services.refresh_study import refresh_study
from analyses.services.request_analysis import request_analysis
from analyses.tests.factories import (
    make_analysis,
    make_annotations,
    make_assembly,
    make_download,
    make_publication,
    make_super_study,
)
from analyses.visibility import Actor
from emgapiv2.tests.callers import OWNER
from emgapiv2.tests.mirrored import asking, committed, mirror
from ena.errors import StudyNotAvailable
from ena.models import Study as EnaStudy
from ena.services import set_study_owner
from workflows.models import Decision
from workflows.services.flow_runs import ask_for_run

OTHER, YEAR = "Webin-99900002", 2100
PUBLIC = "PRJEB99900001"
# It has a sample in common with the public one.
UNOWNED = "PRJEB999000010"
HIDDEN = {"owned": "PRJEB99900004", "unowned": UNOWNED, "embargoed": "PRJEB99900002", "suppressed": "PRJEB99900005"}
OWNERS = {"owned": OWNER, "embargoed": OTHER, "suppressed": OWNER}
# What ENA, its stand-in or the mirror understand; all other columns are texts.
NO_TEXT = re.compile(
    r"accession|_(id|ftp|md5|bytes|count|type|layout|length)$|^(first|last)_|^(status|lat|lon|datahub|collection_date)$"
)


def word_of(kind):
    return f"canary-{kind}"


@pytest.fixture(scope="module")
def trees(django_db_setup, django_db_blocker, standin_server):
    """The trees of :func:`make_world`, committed, since tables are read over connections of their own."""
    standin_server.reset()
    with committed(django_db_blocker), asking(standin_server):
        yield make_world(standin_server)
    standin_server.reset()


def make_world(standin):
    """The trees by their kind; call it with ENA at the stand-in."""
    dataset = standin.server.dataset
    standin.set_state(UNOWNED, "private")
    standin.set_state(HIDDEN["suppressed"], "public")
    for kind, accession in HIDDEN.items():
        _mark(dataset, accession, word_of(kind))
    studies = {kind: mirror(accession) for kind, accession in {"public": PUBLIC, **HIDDEN}.items()}
    for kind, owner in OWNERS.items():
        set_study_owner(study=studies[kind].ena_study, webin_account=owner, actor="test")
    trees = {kind: _grow(study, kind) for kind, study in studies.items()}
    _tie_together(studies)
    standin.set_state(HIDDEN["embargoed"], "private")
    standin.set_state(HIDDEN["suppressed"], "suppressed")
    refresh_study(accession=HIDDEN["embargoed"], actor="test")
    _let_go(HIDDEN["suppressed"])
    levels = {kind: Study.objects.get(pk=study.pk).visibility for kind, study in studies.items()}
    assert levels == {"public": 0, "owned": 1, "unowned": 1, "embargoed": 1, "suppressed": 2}
    return trees


def _mark(dataset, accession, word):
    """Every text of a study's records says its word."""
    for rows in dataset.tables.values():
        for row in rows:
            if row["study_accession"] == accession:
                row |= {name: f"{text} {word}" for name, text in row.items() if not NO_TEXT.search(name)}


def _let_go(accession):
    """ENA shows a study no more, now and a day later."""
    for _ in range(2):
        with suppress(StudyNotAvailable):
            refresh_study(accession=accession, actor="test")
        EnaStudy.objects.filter(accession=accession).update(absent_since=F("absent_since") - timedelta(hours=25))


def _grow(study, kind):
    """What is ours, below a mirrored study; the names by which requests ask for each thing."""
    word = word_of(kind)
    run = study.runs.order_by("first_accession").first()
    number = list({"public": "", **HIDDEN}).index(kind)
    assembly = make_assembly(
        run, accession=f"ERZ9998000{number}", assembly_study=study, metadata={"alias": word}, state="uploaded"
    )
    analysis = _analyse(run, word)
    _analyse(assembly, word)
    make_download(study, alias=f"{word}.tsv")
    group = {"annotation_type": word, "title": word, "description": word, "annotations": []}
    notes = {"sample_processing": [], "other": [group]}
    paper = make_publication(study, title=word, metadata={"doi": word}, annotations=notes, published_year=YEAR + number)
    names = {
        "MGYS": study.accession,
        "MGYA": analysis.accession,
        "insdc": study.ena_study.accession,
        "sample": run.sample.first_accession,
        "run": run.first_accession,
        "assembly": assembly.first_accession,
        "publication": paper.pk,
        "alias": f"{word}.tsv",
    }
    return SimpleNamespace(kind=kind, word=word, study=study, run=run, names=names)


def _analyse(subject, word, state="published", **fields):
    texts = {"metadata": {"k": word}, "quality_control": {"k": word}}
    analysis = make_analysis(subject, state=state, **texts, **fields)
    make_annotations(analysis, records=[{"count": 3, "organism": f"sk__{word}", "description": word}])
    index = [{"index_type": "gzi", "path": f"taxonomy/{word}.gzi"}]
    make_download(analysis, alias=f"{word}.tsv", short_description=word, long_description=word, index_files=index)
    return analysis


def _tie_together(studies):
    """What is public has to do with what is hidden, and somebody works on that."""
    public, hidden = studies["public"], [studies[kind] for kind in HIDDEN]
    _analyse(public.runs.first(), word_of("unpublished"), state="imported", pipeline_version="V6.1")
    make_publication(public, *hidden, annotations={"sample_processing": [], "other": []})
    make_super_study(public, *hidden[:2], related=hidden[2:], slug="all")
    wish = {"analysis_type": "amplicon", "request_type": "Private", "comments": word_of("owned")}
    request_analysis(owner=Actor.owner(OWNER), study_accession=studies["owned"].accession, **wish)
    word = word_of("automation")
    deployment = {"deployment": "analyse_study_deployment", "source": "test", "run_key": "1", "actor": "test"}
    ask_for_run(**deployment, parameters={"study_accession": word, "pipeline": word}, study=studies["owned"])
    Decision.objects.create(question=word, subject=word, form={}, why=word)
