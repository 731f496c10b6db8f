"""Pictures that people upload and others' browsers show: PNG and JPEG as they are, SVG without all that acts."""

import re
from xml.etree import ElementTree as ET

from analyses.models import LogoType
from analyses.models.super_study import LARGEST_LOGO_BYTES

SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
SIGNATURES = {b"\x89PNG\r\n\x1a\n": LogoType.PNG, b"\xff\xd8\xff": LogoType.JPEG}
SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan"}
PAINTS = {"linearGradient", "radialGradient", "stop", "clipPath", "mask", "pattern", "marker"}
DRAWING = {"svg", "g", "defs", "symbol", "use", "title", "desc"} | SHAPES | PAINTS
OUTSIDE = re.compile(r"url\(\s*[\"']?(?!#)|@import|expression\(|javascript:|\\", re.IGNORECASE)


class BadLogo(ValueError):
    """The picture cannot be served; the text says why."""


def checked_logo(data: bytes) -> tuple[bytes, LogoType]:
    """The bytes to keep, and what they are.

    :raises BadLogo: neither PNG, JPEG nor SVG, or larger than 512 KiB
    """
    if len(data) > LARGEST_LOGO_BYTES:
        raise BadLogo(f"logo: {len(data)} bytes, at most {LARGEST_LOGO_BYTES} are kept")
    for signature, mimetype in SIGNATURES.items():
        if data.startswith(signature):
            return data, mimetype
    return _only_drawing(data), LogoType.SVG


def _only_drawing(data: bytes) -> bytes:
    """An SVG written anew from elements and attributes that draw: no script, no event, nothing from elsewhere."""
    try:
        text = data.decode()
        if "<!" in re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL):
            raise BadLogo("logo: an SVG with a DOCTYPE or with entities is not taken")
        root = ET.fromstring(text)  # noqa: S314 (without a DOCTYPE there are no entities to expand)
    except (UnicodeDecodeError, ET.ParseError) as error:
        raise BadLogo(f"logo: neither PNG, JPEG nor SVG ({error})") from error
    if root.tag != f"{SVG}svg":
        raise BadLogo(f"logo: expected an SVG picture, found {root.tag}")
    for element in list(root.iter()):
        for child in list(element):
            if not (isinstance(child.tag, str) and child.tag.removeprefix(SVG) in DRAWING):
                element.remove(child)
        element.attrib = {name: value for name, value in element.attrib.items() if _draws(name, value)}
    ET.register_namespace("", SVG[1:-1])
    return ET.tostring(root)


def _draws(name: str, value: str) -> bool:
    if name in {"href", f"{XLINK}href"}:
        return value.startswith("#")
    return not (name.startswith(("{", "on")) or OUTSIDE.search(value))
