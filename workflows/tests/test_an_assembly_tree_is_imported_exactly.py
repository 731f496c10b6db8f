import csv
import gzip

import pytest

from analyses.services.import_results import import_results
from analyses.tests.factories import make_analysis, make_assembly, make_run, make_study
from workflows.batches.surveying import result_of
from workflows.pipelines import registry
from workflows.pipelines.declaration import Fault
from workflows.pipelines.tree import read_tree, survey_tree
from workflows.tests.example_trees import ASSEMBLY, example_assembly, example_mobilome, example_viruses

FIGURES = {  # rows and the sum of their counts, by the README of the data
    "interpro_summary.tsv.gz": (2368, 7002),
    "pfam_summary.tsv.gz": (1119, 1805),
    "go_summary.tsv.gz": (631, 2517),
    "goslim_summary.tsv.gz": (116, 2677),
    "ko_summary.tsv.gz": (9497, 41433),
    "antismash_summary.tsv.gz": (2, 2),
    "sanntis_summary.tsv.gz": (1, 1),
    "kegg_modules_summary.tsv.gz": (437, None),
    "kegg_modules_per_contigs.tsv.gz": (4217, None),
}


def survey(slug, root):
    tree = read_tree(root, subject=ASSEMBLY, word="success", inside=[root.parent])
    return survey_tree(tree, registry.get(slug))


@pytest.fixture
def surveys(tmp_path):
    made = {"assembly_v6": example_assembly, "virify_v3": example_viruses, "map_v4": example_mobilome}
    return {slug: survey(slug, make(tmp_path / slug)) for slug, make in made.items()}


@pytest.fixture
def result(surveys):
    first, *others = ((found, registry.get(slug)) for slug, found in surveys.items())
    return result_of(*first, pipeline={"slug": "assembly_v6"}, others=tuple(others))


def test_the_examples_have_no_fault_and_their_odd_files_are_noted(surveys):
    assert {slug: found.faults for slug, found in surveys.items()} == dict.fromkeys(surveys, ())
    names = {path.rpartition("/")[2] for path in surveys["assembly_v6"].unexpected}
    assert names == {f"{ASSEMBLY}_interpro_summary_2.tsv", f"{ASSEMBLY}_merged.json", f"{ASSEMBLY}.krona.txt"}


def test_every_table_has_its_rows_and_counts(surveys):
    nodes = {node.name: node for node in registry.get("assembly_v6").nodes}
    for name, (rows, total) in FIGURES.items():
        (match,) = surveys["assembly_v6"].matches[name]
        read = list(nodes[name].check(match.file))
        assert not any(isinstance(row, Fault) for row in read)
        assert (name, len(read)) == (name, rows)
        if total is not None:
            assert (name, sum(int(row[-1]) for row in read)) == (name, total)


def test_annotations_are_the_files_in_their_order(result, surveys):
    figures = {name: (len(rows), sum(row["count"] for row in rows)) for name, rows in result.annotations.items()}
    assert figures == {"interpros": (2368, 7002), "pfams": (1119, 1805), "taxonomies.uniref": (15, 376)}
    with gzip.open(surveys["assembly_v6"].matches["interpro_summary.tsv.gz"][0].file, "rt") as file:
        lines = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    assert [
        [row["identifier"], row["description"], str(row["count"])] for row in result.annotations["interpros"]
    ] == lines
    assert {"organism": "unclassified", "count": 49} in result.annotations["taxonomies.uniref"]
    assert result.quality_control["quast"]["N50"] == 13873
    assert result.quality_control["quast"]["GC (%)"] == 50.44


def test_downloads_have_size_place_and_indexes(result, surveys):
    roots = {"virify": surveys["virify_v3"].tree.root, "mobilome-annotation": surveys["map_v4"].tree.root}
    indexes = {}
    for download in result.downloads:
        below = next((name for name in roots if download.path.startswith(f"{name}/")), None)
        root = roots.get(below, surveys["assembly_v6"].tree.root)
        file = root / download.path.removeprefix(f"{below}/")
        assert file.stat().st_size == download.size_bytes > 0
        assert download.alias == file.name
        assert all(file.with_name(f"{file.name}.{one.index_type}").is_file() for one in download.index_files)
        indexes[file.name.removeprefix(f"{ASSEMBLY}_")] = {one.index_type for one in download.index_files}
    assert len({download.alias for download in result.downloads}) == len(result.downloads) == 40
    assert indexes["filtered_contigs.fasta.gz"] == {"fai", "gzi"}
    assert indexes["virify.gff.gz"] == indexes["user_mobilome_full.gff.gz"] == {"gzi", "csi"}
    assert indexes["proteins2rhea.tsv.gz"] == {"gzi"}
    paths = {download.alias: download.path for download in result.downloads}
    assert paths[f"{ASSEMBLY}_virify.gff.gz"] == f"virify/08-final/gff/{ASSEMBLY}_virify.gff.gz"
    assert paths[f"{ASSEMBLY}_user_mobilome_full.gff.gz"].startswith("mobilome-annotation/gff/")
    assert paths[f"{ASSEMBLY}_sanntis.gff.gz"].startswith("pathways-and-systems/sanntis/")
    short = {download.short_description for download in result.downloads}
    assert {"InterPro Identifier counts", "GO Term counts", "GO-Slim Term counts", "Rhea reaction counts"} <= short


@pytest.mark.django_db
def test_imported_twice_is_imported_once(result):
    analysis = make_analysis(make_assembly(make_run(make_study())), state="completed")
    for _ in range(2):
        import_results(analysis_id=analysis.pk, result=result, actor="test")
    assert dict(analysis.annotation_sets.values_list("source", "count_total")) == {
        "interpros": 7002,
        "pfams": 1805,
        "taxonomies.uniref": 376,
    }
    assert analysis.downloads.count() == 40
    assert analysis.events.filter(to_state="imported").count() == 1


def test_what_may_be_missing_may_be_missing(tmp_path):
    root = example_assembly(tmp_path)
    sanntis = root / f"pathways-and-systems/sanntis/{ASSEMBLY}_sanntis.gff.gz"
    sanntis.rename(sanntis.with_name(f"{ASSEMBLY}_sanntis_concatenated.gff.gz"))
    for path in (root / "annotation-summary").iterdir():
        path.unlink()
    (root / f"annotation-summary/{ASSEMBLY}_gff_validation_errors.log").write_text("line 3\n")
    tree = read_tree(root, subject=ASSEMBLY, word="invalid_summary_gff", inside=[tmp_path])
    found = survey_tree(tree, registry.get("assembly_v6"))
    assert found.faults == ()
    assert found.matches["sanntis.gff.gz"]
    assert survey("virify_v3", tmp_path / "nothing").faults == ()
