"""Studies of every kind that somebody may or may not see."""

from datetime import timedelta

from django.utils import timezone

from analyses.models import Study
from analyses.selectors.studies import find
from analyses.services.adopt_study import adopt_study
from analyses.services.curate_study import set_study_biome
from analyses.services.refresh_study import refresh_study
from ena.availability import set_own_visibility
from ena.models import Accession, Visibility
from ena.models import Study as EnaStudy
from ena.services import set_study_owner

AMPLICONS, METAGENOMES, PRIVATE, HIDDEN = "PRJEB99900001", "PRJEB99900002", "PRJEB99900004", "PRJEB999000010"
MORE_METAGENOMES = "PRJEB51728"
MIRRORED = [AMPLICONS, METAGENOMES, "PRJEB99900003", PRIVATE, HIDDEN, "PRJEB99900007", MORE_METAGENOMES]
OWNERS = FIRST_OWNER, SECOND_OWNER = "Webin-99900001", "Webin-99900002"
EMBARGOED, OWNERLESS = "PRJEB99998001", "PRJEB99998002"
BIOME = "root:Environmental:Aquatic:Marine"


def mirror_studies(actor: str) -> None:
    """From the stand-in ENA: public ones, one that is private and one that a curator has hidden."""
    for accession in MIRRORED:
        if not Study.objects.filter(ena_study__aliases__accession=accession).exists():
            set_study_biome(study=refresh_study(accession=accession, actor=actor), lineage=BIOME)
    private = find(accession=PRIVATE)
    if private.ena_study:
        set_study_owner(study=private.ena_study, webin_account=FIRST_OWNER, actor=actor)
    hidden = find(accession=HIDDEN)
    set_own_visibility(
        model=Study, ids=[hidden.pk], level=Visibility.SUPPRESSED, actor=actor, note="asked for by its owner"
    )


def make_private_studies() -> None:
    """What the stand-in has not: one under embargo for half a year, and one that nobody owns."""
    release = (timezone.now() + timedelta(days=180)).date().isoformat()
    for accession, owner, title in (
        (EMBARGOED, SECOND_OWNER, "MADE UP deep sea sediments, under embargo"),
        (OWNERLESS, None, "MADE UP hot spring, whose owner is not known"),
    ):
        ena_study, is_new = EnaStudy.objects.get_or_create(
            accession=accession,
            defaults={
                "title": title,
                "metadata": {"study_title": title, "first_public": release},
                "webin_owner": owner,
                "next_look_at": timezone.now() + timedelta(days=365),  # no ENA knows it
            },
        )
        if is_new:
            Accession.objects.create(accession=accession, study=ena_study, is_primary=True)
            set_study_biome(study=adopt_study(ena_study=ena_study), lineage=BIOME)
