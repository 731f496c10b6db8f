import re
from contextlib import suppress
from typing import TypedDict, Unpack
from uuid import UUID

from django.db import transaction

from analyses.models import AnalysisRequest, AnalysisRequestEvent, RequestState, Study
from analyses.selectors.studies import find
from analyses.states import IllegalMove, LostRace
from analyses.visibility import Actor
from ena.accessions import BadAccession, Kind, parse_accession

S = RequestState
MGYS = re.compile(r"\AMGYS[0-9]{8,20}\Z", re.ASCII)
MOVES: dict[RequestState, frozenset[RequestState]] = {
    S.RECEIVED: frozenset({S.ACCEPTED, S.REJECTED, S.CANCELLED}),
    S.ACCEPTED: frozenset({S.MIRRORED, S.CANCELLED}),
    S.MIRRORED: frozenset({S.IN_PROGRESS, S.CANCELLED}),
    S.IN_PROGRESS: frozenset({S.DONE, S.CANCELLED}),
    S.REJECTED: frozenset(),
    S.DONE: frozenset(),
    S.CANCELLED: frozenset(),
}


class KeyReused(Exception):
    """The key was sent before, with another request."""


class Wish(TypedDict):
    analysis_type: str
    request_type: str
    comments: str


def request_analysis(
    *, owner: Actor, study_accession: str, request_key: str | None = None, **wish: Unpack[Wish]
) -> AnalysisRequest:
    """Keep what a data owner asks for. Nobody else needs to answer for that: the help desk is told later.

    :param request_key: the owner's own name for it; sent again, it is the same request
    :raises BadAccession: neither a study of INSDC nor MGYS
    :raises KeyReused: the key names another request
    """
    study_accession = _study_accession(study_accession)
    study = None
    with suppress(Study.DoesNotExist):
        study = find(accession=study_accession)
    wanted = AnalysisRequest(
        requestor_webin=owner.name, request_key=request_key, study_accession=study_accession, study=study, **wish
    )
    with transaction.atomic():
        AnalysisRequest.objects.bulk_create([wanted], ignore_conflicts=True)
        if made := AnalysisRequest.objects.filter(pk=wanted.pk).first():
            AnalysisRequestEvent.objects.create(request=made, to_state=S.RECEIVED, actor=str(owner))
            return made
    found = AnalysisRequest.objects.get(requestor_webin=owner.name, request_key=request_key)
    if any(getattr(found, name) != getattr(wanted, name) for name in ("study_accession", *wish)):
        raise KeyReused
    return found


def move_analysis_request(*, request_id: UUID, to: RequestState, actor: object, note: str = "") -> AnalysisRequest:
    """Move a request and write its event.

    :raises AnalysisRequest.DoesNotExist: there is none
    :raises IllegalMove: it cannot go there from where it is
    :raises LostRace: somebody else moved it first
    """
    with transaction.atomic():
        request = AnalysisRequest.objects.get(pk=request_id)
        frm = RequestState(request.state)
        if to not in MOVES[frm]:
            raise IllegalMove(frm, to)
        if not AnalysisRequest.objects.filter(pk=request_id, state=frm).update(state=to):
            raise LostRace(frm, AnalysisRequest.objects.get(pk=request_id).state)
        AnalysisRequestEvent.objects.create(request=request, from_state=frm, to_state=to, actor=str(actor), note=note)
        request.state = to
        return request


def _study_accession(text: str) -> str:
    """:raises BadAccession: neither a study of INSDC nor MGYS"""
    if MGYS.match(text):
        return text
    if text != text.strip():
        raise BadAccession(text, [Kind.STUDY], "study_accession")
    return parse_accession(text, [Kind.STUDY], field="study_accession").text
