import pytest

from ena.hosts import reference_genome_for, repeated_taxa


@pytest.mark.parametrize(
    ("record", "genome"),
    [
        ({"host_tax_id": "9031"}, "chicken"),
        ({"host_tax_id": "90310"}, None),
        ({"host_tax_id": "903"}, None),
        ({"host_tax_id": "90310", "host": "Gallus gallus"}, None),
        ({"host": "gallus GALLUS"}, "chicken"),
        ({"host_scientific_name": "Rattus norvegicus"}, "rat"),
        ({"host_scientific_name": "Sus scrofa", "host": "Gallus gallus"}, "pig"),
        ({"host": "Muscat grape"}, None),
        ({"host": "rat"}, None),
        ({"host": ""}, None),
        ({}, None),
    ],
)
def test_a_host_is_its_whole_taxon_id_or_its_whole_name(record, genome):
    assert reference_genome_for(record) == genome


def test_no_taxon_is_in_the_table_twice():
    assert repeated_taxa() == []
