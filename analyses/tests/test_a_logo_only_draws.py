import pytest

from analyses.logos import LARGEST_LOGO_BYTES, BadLogo, checked_logo
from analyses.models import LogoType, SuperStudyStudy
from analyses.services.super_studies import save_super_study
from analyses.tests.factories import make_study

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="alert(1)">
<!-- a comment --><script>alert(2)</script><foreignObject><p>3</p></foreignObject><a href="javascript:4"><path/></a>
<style>@import url(http://5)</style><image href="http://6"/><use xlink:href="http://7#a"/><use xlink:href="#good"/>
<path fill="url(#good)" d="M0 0" onclick="alert(8)" style="fill:url(http://9)"/></svg>"""


def test_a_logo_only_draws():
    picture, mimetype = checked_logo(SVG)
    assert mimetype == LogoType.SVG
    acting = (b"script", b"alert", b"foreign", b"onload", b"onclick", b"http://5", b"//6", b"//7", b"//9")
    assert [word for word in acting if word in picture] == []
    assert b'd="M0 0"' in picture


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"<html/>",
        b"<svg",
        b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg xmlns='http://www.w3.org/2000/svg'/>",
        SVG.decode().encode("utf-16"),
        PNG + b"0" * LARGEST_LOGO_BYTES,
    ],
)
def test_what_is_no_small_picture_is_refused(data):
    with pytest.raises(BadLogo, match="logo: "):
        checked_logo(data)


@pytest.mark.django_db
def test_a_super_study_keeps_its_logo_until_another_comes():
    flagship, related = make_study(), make_study()
    said = {"slug": "sea", "title": "Sea", "description": ""}
    save_super_study(**said, flagship=[flagship], related=[flagship, related], logo=PNG)
    kept = save_super_study(**said, flagship=[related], related=[])
    assert (bytes(kept.logo), kept.logo_mimetype) == (PNG, "image/png")
    assert list(SuperStudyStudy.objects.values_list("study", "is_flagship")) == [(related.pk, True)]
