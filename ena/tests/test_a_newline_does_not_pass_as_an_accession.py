import pytest

from ena.accessions import BadAccession, parse_accession


@pytest.mark.parametrize(
    "text",
    [
        "PRJEB1\n",
        "ERR123456\n",
        "\nERR123456",
        "Webin-1\n",
        "ERR12345٦",
        "\u017fRR123456",
        "",
        "ERR123456 OR 1=1",
        "E" * 40,
    ],
)
def test_a_newline_does_not_pass_as_an_accession(text):
    with pytest.raises(BadAccession):
        parse_accession(text)


def test_blanks_and_case_are_forgiven_and_the_kind_is_told():
    assert (parse_accession(" prjeb51728 ").text, parse_accession("err4918394").kind) == ("PRJEB51728", "run")
    with pytest.raises(BadAccession, match="study such as PRJEB51728"):
        parse_accession("ERR4918394", ["study"])
