import pytest
from django.db import connection

from analyses.models import Analysis, Assembly, Run, SampleStudy, Study, Withdrawal
from analyses.selectors.studies import find
from analyses.services.merge_studies import merge_studies
from analyses.tests.factories import (
    make_analysis,
    make_assembly,
    make_download,
    make_run,
    make_sample,
    make_study,
    make_super_study,
)
from ena.models import Accession, VisibilityEvent
from ena.models import Study as EnaStudy

pytestmark = pytest.mark.django_db


def two_studies():
    """One private, one public, with a sample in both."""
    keep, drop = make_study(level=1), make_study()
    run = make_run(drop, make_sample(keep, drop))
    make_analysis(run, "published")
    make_assembly(run, assembly_study=drop)
    return keep, drop


def test_all_that_hangs_on_the_one_hangs_on_the_other_at_its_level():
    keep, drop = two_studies()
    moved = merge_studies(keep=keep, drop=drop, actor="anna", dry_run=False)
    connection.check_constraints()
    assert moved["analyses_run.study"] == moved["analyses_assembly.reads_study"] == 1
    for model in (Run, Analysis):
        assert list(model.objects.values_list("study", "visibility")) == [(keep.pk, 1)]
    assert list(Assembly.objects.values_list("reads_study", "assembly_study", "visibility")) == [(keep.pk, keep.pk, 1)]
    assert SampleStudy.objects.get().study == keep
    drop.refresh_from_db()
    keep.refresh_from_db()
    assert (drop.merged_into, drop.visibility, len(keep.ena_accessions)) == (keep, 2, 2)
    assert set(Accession.objects.exclude(study=None).values_list("study", flat=True)) == {keep.ena_study_id}
    assert EnaStudy.objects.count() == 1
    assert set(VisibilityEvent.objects.filter(cause="merge").values_list("noun", flat=True)) == {"study", "ena_study"}
    assert Withdrawal.objects.get(kind="study").cause == "merged"


def test_a_dry_run_tells_the_same_and_changes_nothing():
    keep, drop = two_studies()
    before = list(Study.objects.order_by("pk").values())
    assert merge_studies(keep=keep, drop=drop, actor="anna")["analyses_run.study"] == 1
    assert list(Study.objects.order_by("pk").values()) == before
    assert Run.objects.get().study == drop


def test_what_is_merged_is_not_merged_again():
    keep, drop = two_studies()
    merge_studies(keep=keep, drop=drop, actor="anna", dry_run=False)
    drop.refresh_from_db()
    for pair in ({"keep": keep, "drop": drop}, {"keep": keep, "drop": keep}):
        with pytest.raises(ValueError, match="cannot be merged"):
            merge_studies(**pair, actor="anna")


def test_a_merge_opens_nothing_and_the_owner_stays():
    keep, drop = make_study(), make_study(level=1, owner="Webin-1")
    with pytest.raises(ValueError, match="would be shown"):
        merge_studies(keep=keep, drop=drop, actor="anna", dry_run=False)
    hidden = make_study(level=1)
    merge_studies(keep=hidden, drop=drop, actor="anna", dry_run=False)
    assert EnaStudy.objects.get(pk=hidden.ena_study_id).webin_owner == "Webin-1"


def test_what_is_said_of_the_one_holds_for_the_other_and_its_files_stay_where_they_lie():
    keep, drop = two_studies()
    biome = drop.biome
    Study.objects.filter(pk=keep.pk).update(biome=None)
    super_study, summary = make_super_study(drop, related=[keep]), make_download(drop)
    merge_studies(keep=keep, drop=drop, actor="anna", dry_run=False)
    assert (found := find(accession=drop.accession)) == keep
    assert found.biome == biome
    assert super_study.links.get().is_flagship
    assert drop.downloads.get() == summary
