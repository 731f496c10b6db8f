import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyses.models import Biome, Study
from analyses.models.biome import lineage_to_path
from analyses.selectors import biomes, studies
from analyses.tests.factories import make_biome, make_study

pytestmark = pytest.mark.django_db
LETTERS = st.text(
    st.one_of(
        st.sampled_from(" ()-_.:ABZaz09/'\"%\\éİſK\u0301\n"), st.characters(codec="utf-8", exclude_characters="\0")
    )
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tail=LETTERS)
def test_any_lineage_gives_the_same_path(tail):
    Biome.objects.all().delete()
    biome = Biome.objects.create(lineage=f"root:{tail}")
    assert biome.path == lineage_to_path(biome.lineage)
    assert biome.depth == biome.lineage.count(":") + 1
    assert biome.biome_name == biome.lineage.rpartition(":")[2]


def test_a_known_one():
    assert lineage_to_path("root:Engineered:Waste-water (municipal)") == "root.engineered.waste_water_municipal"


def test_a_biome_contains_itself_and_what_is_below():
    Biome.objects.all().delete()
    for lineage in ("root", "root:Host", "root:Host:Human", "root:Hostel"):
        make_biome(lineage)
    assert [biome.lineage for biome in biomes.list_biomes(lineage="ROOT:host")] == ["root:Host", "root:Host:Human"]
    assert [biome.lineage for biome in biomes.list_biomes(max_depth=1)] == ["root"]


def test_biome_lineage_costs_no_query(django_assert_num_queries):
    for _ in range(3):
        make_study()
    with django_assert_num_queries(1):
        lineages = {study.biome.lineage for study in studies.list_public(biome_lineage="root:environmental")}
    assert lineages == {"root:Environmental:Aquatic:Marine"}
    assert not studies.list_public(biome_lineage="root:engineered").exists()
    assert Study.objects.count() == 3
