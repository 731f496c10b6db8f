import pytest

from analyses.models import Biome
from analyses.services.curate_study import UnknownBiome, set_study_biome
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
