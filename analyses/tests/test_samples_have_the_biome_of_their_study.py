import pytest

from analyses.models import Sample
from analyses.selectors import samples
from analyses.services.curate_study import set_study_biome
from analyses.services.refresh_study import refresh_study
from analyses.tests.factories import make_biome, make_sample, make_study

pytestmark = pytest.mark.django_db
SOIL, SEA, GUT = "root:Environmental:Terrestrial:Soil", "root:Environmental:Aquatic:Marine", "root:Host-associated:Gut"
STUDY = "PRJEB99900001"


@pytest.fixture(autouse=True)
def biomes(db):
    return [make_biome(lineage) for lineage in (SOIL, SEA, GUT)]


def lineages():
    return set(Sample.objects.values_list("biome__lineage", flat=True))


def test_mirrored_samples_are_found_by_the_biome_that_a_curator_chose(standin):
    study = refresh_study(accession=STUDY, actor="test")
    assert lineages() == {None}
    set_study_biome(study=study, lineage=SOIL)
    assert samples.list_public(biome_lineage="root:Environmental").count() == Sample.objects.count() > 0
    set_study_biome(study=study, lineage=SEA)
    assert lineages() == {SEA}, "they follow when the choice is mended"


def test_samples_that_come_later_have_it_too_and_no_second_look_moves_them(standin):
    set_study_biome(study=refresh_study(accession=STUDY, actor="test", only=["study"]), lineage=SOIL)
    for _ in range(2):
        refresh_study(accession=STUDY, actor="test")
        assert lineages() == {SOIL}
        touched = set(Sample.objects.values_list("updated_at", flat=True))
    refresh_study(accession=STUDY, actor="test")
    assert set(Sample.objects.values_list("updated_at", flat=True)) == touched


def test_the_biome_of_another_study_stays(biomes):
    study = make_study()
    sample = make_sample(study, biome=biomes[0])
    set_study_biome(study=study, lineage=GUT)
    sample.refresh_from_db()
    assert sample.biome == biomes[0]


def test_a_hidden_study_gives_a_shown_sample_no_biome(standin):
    study, hidden = refresh_study(accession=STUDY, actor="test"), make_study(level=1)
    for sample in Sample.objects.all():
        sample.studies.add(hidden, through_defaults={"study_visibility": 1})
    set_study_biome(study=hidden, lineage=GUT)
    assert lineages() == {None}
    Sample.objects.update(biome=make_biome(GUT))  # as if they had been the hidden study's alone
    Sample.studies.through.objects.filter(study=study).delete()
    refresh_study(accession=STUDY, actor="test")
    assert lineages() == {None}
