"""From an accession to what it names (``spec/api-v2.md`` §8)."""

from typing import Any, Literal

from ninja import Router, Schema

from analyses.selectors import analyses, assemblies, runs, samples, studies
from emgapiv2.api.auth import actor_of
from emgapiv2.api.pagination import absolute
from emgapiv2.api.rendering import or_404
from emgapiv2.api.request import ApiRequest

router = Router(tags=["Miscellaneous"])
# Noun of the path → kind, and how it is found. Only studies and analyses have an accession of ours.
KINDS: dict[str, tuple[str, Any]] = {
    "studies": ("study", studies.seen),
    "analyses": ("analysis", analyses.seen),
    "runs": ("run", runs.detail),
    "samples": ("sample", samples.seen),
    "assemblies": ("assembly", assemblies.seen),
}


class Named(Schema):
    kind: Literal["study", "analysis", "run", "sample", "assembly"]
    accession: str
    mgnify_accession: str | None
    url: str


@router.get("/{accession}", response=Named)
def resolve_accession(request: ApiRequest, accession: str) -> dict[str, Any]:
    """What an accession names, of ENA or of MGnify, and where it is shown."""
    actor = actor_of(request)
    found = ((noun, kind, find(accession=accession, seen_by=actor)) for noun, (kind, find) in KINDS.items())
    noun, kind, thing = or_404(next((one for one in found if one[2] is not None), None))
    ours = getattr(thing, "accession", None)
    name = ours or thing.first_accession
    prefix = request.path.rpartition("/accessions/")[0]
    return {"kind": kind, "accession": name, "mgnify_accession": ours, "url": absolute(f"{prefix}/{noun}/{name}")}
