"""A first set of biomes, in GOLD's lineages; curators add more."""

from django.db import migrations

LINEAGES = """
root
root:Engineered
root:Engineered:Bioreactor
root:Engineered:Bioremediation
root:Engineered:Biotransformation
root:Engineered:Built environment
root:Engineered:Food production
root:Engineered:Food production:Dairy products
root:Engineered:Food production:Fermented beverages
root:Engineered:Lab enrichment
root:Engineered:Modeled
root:Engineered:Solid waste
root:Engineered:Wastewater
root:Engineered:Wastewater:Activated Sludge
root:Environmental
root:Environmental:Air
root:Environmental:Aquatic
root:Environmental:Aquatic:Estuary
root:Environmental:Aquatic:Freshwater
root:Environmental:Aquatic:Freshwater:Groundwater
root:Environmental:Aquatic:Freshwater:Lake
root:Environmental:Aquatic:Freshwater:Lotic
root:Environmental:Aquatic:Marine
root:Environmental:Aquatic:Marine:Coastal
root:Environmental:Aquatic:Marine:Hydrothermal vents
root:Environmental:Aquatic:Marine:Oceanic
root:Environmental:Aquatic:Marine:Sediment
root:Environmental:Aquatic:Non-marine Saline and Alkaline
root:Environmental:Aquatic:Thermal springs
root:Environmental:Terrestrial
root:Environmental:Terrestrial:Soil
root:Environmental:Terrestrial:Soil:Agricultural
root:Environmental:Terrestrial:Soil:Forest soil
root:Environmental:Terrestrial:Soil:Permafrost
root:Host-associated
root:Host-associated:Birds:Digestive system
root:Host-associated:Fish
root:Host-associated:Human
root:Host-associated:Human:Digestive system
root:Host-associated:Human:Digestive system:Large intestine
root:Host-associated:Human:Digestive system:Large intestine:Fecal
root:Host-associated:Human:Digestive system:Oral
root:Host-associated:Human:Reproductive system:Vagina
root:Host-associated:Human:Skin
root:Host-associated:Insecta
root:Host-associated:Mammals
root:Host-associated:Mammals:Digestive system
root:Host-associated:Mammals:Digestive system:Stomach:Rumen
root:Host-associated:Plants
root:Host-associated:Plants:Rhizosphere
root:Mixed
""".strip().splitlines()


def add_biomes(apps, schema_editor):
    biome = apps.get_model("analyses", "Biome")
    biome.objects.bulk_create([biome(lineage=lineage) for lineage in LINEAGES], ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("analyses", "0002_levels_and_guards")]

    operations = [migrations.RunPython(add_biomes, migrations.RunPython.noop)]
