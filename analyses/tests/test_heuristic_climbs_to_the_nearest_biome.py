import pytest
from django.db import IntegrityError, transaction

from analyses.models import Assembler, ComputeResourceHeuristic
from analyses.selectors.heuristics import memory_to_assemble_gib
from analyses.tests.factories import make_biome

pytestmark = pytest.mark.django_db


def known(lineage, memory_gib, assembler=None):
    return ComputeResourceHeuristic.objects.create(
        biome=make_biome(lineage), memory_gib=memory_gib, assembler=assembler
    )


def test_heuristic_climbs_to_the_nearest_biome(django_assert_num_queries):
    assembler = Assembler.objects.create(name="metaspades", version="3.15.5")
    marine, soil = make_biome("root:Environmental:Aquatic:Marine"), make_biome("root:Environmental:Terrestrial:Soil")
    assert memory_to_assemble_gib(biome=marine) is None
    known("root:Environmental", 50)
    known("root:Environmental:Aquatic", 100)
    known("root:Environmental:Aquatic", 200, assembler)
    known("root:Environmental:Aquatic:Marine:Coastal", 999)
    with django_assert_num_queries(1):
        assert memory_to_assemble_gib(biome=marine) == 100
    assert memory_to_assemble_gib(biome=marine, assembler=assembler) == 200
    assert memory_to_assemble_gib(biome=soil, assembler=assembler) == 50


def test_a_value_is_given_once_and_is_a_size():
    known("root:Engineered", 1)
    for lineage, memory in (("root:Engineered", 2), ("root:Environmental", 0), ("root:Environmental", float("nan"))):
        with pytest.raises(IntegrityError), transaction.atomic():
            known(lineage, memory)
