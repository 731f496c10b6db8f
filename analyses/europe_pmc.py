"""What Europe PMC's text mining has found in papers about metagenomes (``spec/api-v2.md`` §7.9)."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import requests
import urllib3
from django.conf import settings
from pydantic import AliasPath, BaseModel, Field, TypeAdapter, ValidationError

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
    """Europe PMC did not answer, or not in its own form."""


class UnknownPaper(LookupError):
    """Europe PMC knows no such paper."""


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


class _Paper(BaseModel):
    """A result of the search, of which no more is read than what is stored."""

    title: str
    published_year: int | None = Field(None, validation_alias="pubYear")
    authors: str | None = Field(None, validation_alias="authorString")
    doi: str | None = None
    pmcid: str | None = Field(None, pattern="^PMC[0-9]{1,9}$")
    volume: str | None = Field(None, validation_alias=AliasPath("journalInfo", "volume"))
    iso_journal: str | None = Field(None, validation_alias=AliasPath("journalInfo", "journal", "isoabbreviation"))
    pub_types: list[str] = Field(default_factory=list, validation_alias=AliasPath("pubTypeList", "pubType"))


class _Found(BaseModel):
    papers: list[_Paper] = Field(validation_alias=AliasPath("resultList", "result"))


ARTICLES = TypeAdapter(list[_Article])


def fetch_paper(pubmed_id: int) -> tuple[str, int | None, dict[str, Any]]:
    """What is said of a paper: its title, its year, and the keys of ``schemas.PublicationMetadata``.

    :raises EuropePmcSilent: in the time that is set there was no answer that can be used
    :raises UnknownPaper: there is none of that number
    """
    question = {"query": f"ext_id:{pubmed_id} src:med", "resultType": "core", "format": "json"}
    body = _ask(settings.EMG_CONFIG.europe_pmc.articles_endpoint, question, pubmed_id)
    with _read_as_told(pubmed_id):
        papers = _Found.model_validate_json(body).papers
    if not papers:
        raise UnknownPaper(f"Europe PMC knows no paper with the PubMed id {pubmed_id}")
    paper = papers[0]
    said = paper.model_dump(include={"authors", "doi", "volume", "iso_journal"}, exclude_none=True)
    said |= {"pub_type": "; ".join(paper.pub_types)} if paper.pub_types else {}
    said |= {"pubmed_central_id": int(paper.pmcid.removeprefix("PMC"))} if paper.pmcid else {}
    return paper.title, paper.published_year, said


def fetch_mentions(pubmed_id: int) -> list[Mention]:
    """Ask Europe PMC. A paper of which it knows nothing has none.

    :raises EuropePmcSilent: in the time that is set there was no answer that can be used
    """
    europe_pmc = settings.EMG_CONFIG.europe_pmc
    question = {"articleIds": f"MED:{pubmed_id}", "provider": europe_pmc.annotations_provider, "format": "JSON"}
    body = _ask(europe_pmc.annotations_endpoint, question, pubmed_id)
    with _read_as_told(pubmed_id):
        articles = ARTICLES.validate_json(body)
    return [mention for article in articles for mention in article.annotations]


def _ask(address: str, question: dict[str, str], pubmed_id: int) -> bytes:
    """:raises EuropePmcSilent: in the time that is set there was no good answer"""
    europe_pmc = settings.EMG_CONFIG.europe_pmc
    times = (europe_pmc.connect_seconds, europe_pmc.read_seconds)
    try:
        with requests.get(address, params=question, timeout=times, stream=True) as response:
            response.raise_for_status()
            body = _read(response, time.monotonic() + europe_pmc.read_seconds)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise EuropePmcSilent(f"PMID {pubmed_id}: {error}") from error
    return body.replace(rb"\u0000", b"")


@contextmanager
def _read_as_told(pubmed_id: int) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise EuropePmcSilent(f"PMID {pubmed_id}: {error}") from error


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
