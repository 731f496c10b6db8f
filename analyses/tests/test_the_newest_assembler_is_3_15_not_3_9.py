import pytest

from analyses.models import Assembler
from analyses.services.plan_assemblies import newest_assembler

pytestmark = pytest.mark.django_db


def test_the_newest_assembler_is_3_15_not_3_9():
    for version in ("3.15.5", "3.9.1", "3.15.5rc1", "2.0"):
        Assembler.objects.create(name="metaspades", version=version)
    Assembler.objects.create(name="megahit", version="9.9")
    assert newest_assembler("metaspades").version == "3.15.5"
