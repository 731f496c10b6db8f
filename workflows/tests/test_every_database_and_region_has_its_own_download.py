"""Promises 25 and 33, on made trees of amplicon v6 with every combination of databases and regions."""

import hashlib
import shutil
from itertools import chain, combinations

import pytest
from django.conf import settings

from analyses.models import Analysis
from workflows.batches.places import places_of
from workflows.batches.surveying import result_of
from workflows.pipelines import registry
from workflows.pipelines.amplicon_v6.results import CLOSED_REFERENCE, SOURCES
from workflows.pipelines.tree import read_tree, survey_tree
from workflows.tests.batches_by_hand import accessions, end_job, finish, report, site, started, study_of
from workflows.tests.made_trees import amplicon_tree

__all__ = ["site"]
RUN, REGIONS = "ERR9999999", ("16S-V3-V4", "18S-V9")
SUBSETS = list(chain.from_iterable(combinations(CLOSED_REFERENCE, number) for number in range(6)))
DECLARED = registry.get("amplicon_v6")
SEEN = {
    "SILVA-SSU": ["SSU", "SILVA-SSU"],
    "SILVA-LSU": ["LSU", "SILVA-LSU"],
    "PR2": ["PR2"],
    "UNITE": ["UNITE"],
    "ITSoneDB": ["ITSonedb", "ITSoneDB", "a name of tomorrow"],
}


def result(root, *, word):
    survey = survey_tree(read_tree(root, subject=RUN, word=word, inside=[root]), DECLARED)
    assert survey.faults == ()
    return result_of(survey, DECLARED, pipeline={})


@pytest.mark.parametrize("regions", [(), REGIONS[:1], REGIONS[1:], REGIONS], ids=" and ".join)
def test_no_two_files_of_an_analysis_share_an_alias_and_each_is_as_long_as_told(tmp_path, regions):
    for databases in SUBSETS:
        root = amplicon_tree(tmp_path / "tree", RUN, databases=databases, regions=regions)
        downloads = result(root, word="all_results" if regions else "no_asvs").downloads
        aliases = [download.alias for download in downloads]
        assert len(aliases) == len(set(aliases)), databases
        assert set(databases) <= set(aliases)
        assert {f"{RUN}_{region}_DADA2-PR2.html" for region in regions} <= set(aliases)
        for download in downloads:
            file = (root / download.path).resolve()
            assert not download.path.startswith("/")
            assert file.is_relative_to(root.resolve())
            assert file.stat().st_size == download.size_bytes > 0
        shutil.rmtree(root)


def test_what_is_served_of_them_is_bytes_of_the_told_digests(site):
    batch = started(study_of(1))
    (run,) = accessions(batch)
    amplicon_tree(places_of(batch).outdir / run, run, databases=CLOSED_REFERENCE, regions=REGIONS)
    report(batch, passed=[run], word="all_results")
    end_job(batch.job)
    finish(batch)
    analysis = Analysis.objects.get(state="published")
    folder = settings.EMG_CONFIG.slurm.ftp_results_dir / analysis.external_results_dir
    assert analysis.downloads.filter(download_group__startswith="taxonomies.").count() == 16
    for download in analysis.downloads.all():
        content = (folder / download.path).read_bytes()
        told = (download.size_bytes, download.sha256, download.md5)
        assert told == (len(content), hashlib.sha256(content).hexdigest(), hashlib.md5(content).hexdigest())
        assert download.verified_at


@pytest.mark.parametrize(("database", "label"), [(name, label) for name, labels in SEEN.items() for label in labels])
def test_the_second_column_counts_whatever_its_head_says(tmp_path, database, label):
    root = amplicon_tree(tmp_path, RUN, databases=[database], label=label)
    annotations = result(root, word="no_asvs").annotations
    assert {source: [record["count"] for record in records] for source, records in annotations.items()} == {
        f"taxonomies.{SOURCES[database]}": [12, 30]
    }
