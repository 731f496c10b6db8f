"""The study in ENA that holds the assemblies of a reads study, made with the first (``spec/pipelines.md`` §3.4).

Its alias follows from the reads study, and ENA takes an alias once: no row is needed to remember that it was asked.
"""

from datetime import date, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_date

from analyses.models import Assembly, Study
from analyses.services.adopt_study import adopt_study
from ena.credentials import Credentials
from ena.drop_box import NewStudy, keep_registered, register_study
from ena.models import Visibility
from workflows.batches.webin_cli import BROKER, OURS
from workflows.cluster.secrets import resolve_reference

LONGEST_HOLD = timedelta(days=2 * 365)  # ENA's


def account_for(assembly: Assembly) -> tuple[str, str]:
    """Whose account, and which secret: a public one goes into ours, a private one into its owner's by its broker.

    The account is empty where it is not known.
    """
    webin = settings.EMG_CONFIG.webin
    if assembly.visibility == Visibility.PUBLIC:
        return webin.emg_webin_account, OURS
    reads = assembly.reads_study
    owner = reads.ena_study.webin_owner if reads and reads.ena_study else ""
    return f"{webin.broker_prefix}{owner}" if owner else "", BROKER


def known_assembly_study(assembly: Assembly) -> Study | None:
    """The study that is to hold it: its own, or the one registered for assemblies of these reads."""
    if assembly.assembly_study or not assembly.reads_study:
        return assembly.assembly_study
    return Study.objects.filter(ena_study__metadata__study_alias=_alias(assembly.reads_study)).first()


def register_assembly_study(*, assembly: Assembly, test_service: bool, actor: str) -> str:
    """1. ENA makes it, or says which one it has (no transaction).  2. We mirror it, and know whose reads it is of.

    Of ENA's test service nothing is kept. Twice is once.

    :return: its accession
    :raises EnaError: see :func:`ena.drop_box.register_study`
    """
    account, secret = account_for(assembly)
    password = resolve_reference(secret).read_text().strip()
    reads, is_private = assembly.reads_study, assembly.visibility != Visibility.PUBLIC
    new = _study_for(reads, is_private=is_private)
    accessions = register_study(new, credentials=Credentials(account, password), test_service=test_service)
    if test_service:
        return accessions[0]
    owner = reads.ena_study.webin_owner if is_private else None
    kept = keep_registered(new, accessions=accessions, level=assembly.visibility, owner=owner, actor=actor)
    made = adopt_study(ena_study=kept)
    Study.objects.filter(pk=made.pk, reads_study=None).update(reads_study=reads)
    return str(made.first_accession)


def _alias(reads_study: Study) -> str:
    return f"{reads_study.first_accession}_assembly"


def _study_for(reads_study: Study, *, is_private: bool) -> NewStudy:
    """Named by its accession alone: a title may be told only where the reads are."""
    of = reads_study.first_accession
    by = settings.EMG_CONFIG.webin.submitting_center_name
    title, about = f"Metagenomics assembly of {of} data set", f"Assemblies by {by} of the reads of study {of}"
    if is_private:
        return NewStudy(_alias(reads_study), title, about, hold_until=_held_until(reads_study))
    return NewStudy(_alias(reads_study), f"{by} produced TPA {title[0].lower()}{title[1:]}", about)


def _held_until(reads_study: Study) -> date:
    """As long as its reads, where ENA told how long; else as long as ENA holds anything."""
    today = timezone.now().date()
    released = parse_date(reads_study.ena_study.metadata.get("first_public") or "")
    return released if released and today < released <= today + LONGEST_HOLD else today + LONGEST_HOLD
