import pytest

from analyses.models import SampleRelation
from analyses.selectors.samples import virtual
from analyses.tests.factories import make_sample, make_study

pytestmark = pytest.mark.django_db


def test_a_virtual_sample_is_all_composed_of():
    study = make_study()
    parts = [make_sample(study) for _ in range(2)]
    pooled, mixed, derived = (make_sample(study) for _ in range(3))
    kinds = {pooled: ["composed_of"] * 2, mixed: ["composed_of", "derived_from"], derived: ["derived_from"]}
    for sample, relations in kinds.items():
        for part, kind in zip(parts, relations, strict=False):
            SampleRelation.objects.create(declaring_sample=sample, related_sample=part, relation_type=kind)
    assert list(virtual()) == [pooled], "its parts, which have no relation of their own, are none"
