"""What a pipeline assembled becomes the row that was planned for it (``spec/pipelines.md`` §3.3)."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from analyses.models import Assembler, Assembly, AssemblyState
from analyses.states import move_assembly


class MadeAssembly(NamedTuple):
    """
    :param assembler: name and version
    :param metadata: numbers such as ``n_contigs`` and ``coverage``; a key with None goes away, other keys are kept
    :param directory: absolute, never served
    """

    assembler: tuple[str, str]
    metadata: Mapping[str, Any]
    directory: str


@transaction.atomic
def import_assembly(
    *, assembly_id: int, made: MadeAssembly, actor: object, cluster_job_id: UUID | str | None = None
) -> Assembly:
    """Keep what is known of the assembly now, and move it to completed.

    :raises IllegalMove: it does not run
    :raises IntegrityError: the run has an assembly by that assembler already
    """
    name, version = made.assembler
    assembler, _ = Assembler.objects.get_or_create(name=name, version=version)
    assembly = Assembly.objects.select_for_update(no_key=True).get(pk=assembly_id)
    metadata = {key: value for key, value in (assembly.metadata | made.metadata).items() if value is not None}
    Assembly.objects.filter(pk=assembly_id).update(assembler=assembler, metadata=metadata, dir=made.directory)
    evidence = {"assembler": str(assembler)}
    return move_assembly(
        assembly_id=assembly_id,
        to=AssemblyState.COMPLETED,
        actor=actor,
        evidence=evidence,
        cluster_job_id=cluster_job_id,
    )
