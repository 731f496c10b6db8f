import pytest

from analyses.models import Biome
from analyses.services.curate_study import UnknownBiome, set_study_biome, set_study_title
from analyses.tests.factories import make_biome, make_study

pytestmark = pytest.mark.django_db


def test_a_biome_is_chosen_from_the_tree():
    study, soil = make_study(), make_biome("root:Environmental:Terrestrial:Soil")
    assert set_study_biome(study=study, lineage=soil.lineage).biome == soil
    touched = study.updated_at
    assert set_study_biome(study=study, lineage=soil.lineage).updated_at == touched
    before = Biome.objects.count()
    with pytest.raises(UnknownBiome, match="root:Soil"):
        set_study_biome(study=study, lineage="root:Soil")
    assert Biome.objects.count() == before


def test_a_title_said_again_moves_nothing():
    study = set_study_title(study=make_study(), title="Of the sea")
    assert set_study_title(study=study, title=" Of the sea ").updated_at == study.updated_at
    assert set_study_title(study=study, title="").title_is_curated is False
