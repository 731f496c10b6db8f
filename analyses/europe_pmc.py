"""What Europe PMC's text mining has found in papers about metagenomes (``spec/api-v2.md`` §7.9)."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import requests
import urllib3
from django.conf import settings
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

LARGEST_ANSWER_BYTES, PIECE_BYTES = 16 * 1024 * 1024, 64 * 1024
SAMPLE_PROCESSING = {"Sequencing", "LS", "LCM", "Kit", "Primer"}
# Type → title and description.
TYPES = {
    "Sample-Material": ("Sample material", "What the microbiome was taken from"),
    "Body-Site": ("Body site", "The part of a host's body that the microbiome lives in"),
    "Host": ("Host", "The organism that the microbiome lives in"),
    "Engineered": ("Engineered environment", "The environment, made by people, that the microbiome lives in"),
    "Ecoregion": ("Ecoregion", "The natural environment that the microbiome lives in"),
    "Date": ("Date", "When samples were taken"),
    "Place": ("Place", "Where samples were taken: a name, or coordinates"),
    "Site": ("Site", "Where within a place samples were taken"),
    "State": ("State", "The condition of the host or of the environment"),
    "Treatment": ("Treatment", "What was done to the host or to the environment"),
    "Kit": ("Extraction kit", "What nucleic acids were extracted with"),
    "Gene": ("Gene", "Which gene, or region of one, was amplified"),
    "Primer": ("Primer", "Which primers were used for PCR"),
    "LS": ("Library strategy", "Amplicons, whole metagenomes and the like"),
    "LCM": ("Library construction", "How the library was made, as single or paired reads"),
    "Sequencing": ("Sequencing platform", "What the library was read with"),
}


class EuropePmcSilent(Exception):
    """Europe PMC did not answer, or not with annotations."""


class Tag(BaseModel):
    name: str
    uri: str


class Mention(BaseModel):
    """One place in a paper, as Europe PMC tells it."""

    id: str | None = None
    exact: str
    prefix: str | None = None
    postfix: str | None = None
    section: str | None = None
    type: str
    provider: str = "Metagenomic"
    tags: list[Tag] = Field(default_factory=list)


class _Article(BaseModel):
    annotations: list[Mention] = Field(default_factory=list)


ARTICLES = TypeAdapter(list[_Article])


def fetch_mentions(pubmed_id: int) -> list[Mention]:
    """Ask Europe PMC. A paper of which it knows nothing has none.

    :raises EuropePmcSilent: in the time that is set there was no answer that can be used
    """
    europe_pmc = settings.EMG_CONFIG.europe_pmc
    question = {"articleIds": f"MED:{pubmed_id}", "provider": europe_pmc.annotations_provider, "format": "JSON"}
    times = (europe_pmc.connect_seconds, europe_pmc.read_seconds)
    try:
        with requests.get(europe_pmc.annotations_endpoint, params=question, timeout=times, stream=True) as response:
            response.raise_for_status()
            body = _read(response, time.monotonic() + europe_pmc.read_seconds)
        articles = ARTICLES.validate_json(body.replace(rb"\u0000", b""))
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValidationError) as error:
        raise EuropePmcSilent(f"PMID {pubmed_id}: {error}") from error
    return [mention for article in articles for mention in article.annotations]


def _read(response: requests.Response, deadline: float) -> bytes:
    """The body. A drip never times out a read, so each piece is held against the deadline.

    :raises EuropePmcSilent: too slow or too large
    """
    body = bytearray()
    while piece := response.raw.read1(PIECE_BYTES, decode_content=True):
        body += piece
        if len(body) > LARGEST_ANSWER_BYTES or time.monotonic() > deadline:
            raise EuropePmcSilent(f"{response.url}: still sending after {len(body)} bytes")
    return bytes(body)


def grouped(mentions: Iterable[Mention]) -> dict[str, list[dict[str, Any]]]:
    """By type, then by text whatever its case: the text that is mentioned most comes first.

    :return: ``{"sample_processing": [group, …], "other": [group, …]}``, as it is served
    """
    by_type: dict[str, list[Mention]] = defaultdict(list)
    for mention in mentions:
        by_type[mention.type].append(mention)
    found: dict[str, list[dict[str, Any]]] = {"sample_processing": [], "other": []}
    for kind in sorted(by_type):
        title, description = TYPES.get(kind, (kind.replace("-", " "), ""))
        place = "sample_processing" if kind in SAMPLE_PROCESSING else "other"
        group = {"annotation_type": kind, "title": title, "description": description}
        found[place].append(group | {"annotations": _by_text(by_type[kind])})
    return found


def _by_text(mentions: list[Mention]) -> list[dict[str, Any]]:
    ordered = sorted(mentions, key=_folded)
    texts = [list(same) for _, same in groupby(ordered, key=_folded)]
    texts.sort(key=lambda same: (-len(same), _folded(same[0])))
    return [{"annotation_text": _spelling(same), "mentions": [one.model_dump() for one in same]} for same in texts]


def _folded(mention: Mention) -> str:
    return mention.exact.strip().casefold()


def _spelling(same: list[Mention]) -> str:
    """The spelling that most of them have."""
    return Counter(mention.exact.strip() for mention in same).most_common(1)[0][0]
