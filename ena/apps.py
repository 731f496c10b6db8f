"""Registers the mirror of ENA with Django, and checks its settings at the start."""

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004 - Django's own name

from ena.hosts import repeated_taxa


def check_hub_password(**_: object) -> list[CheckMessage]:
    """ena.E001: an account without a password would silently see public data only. A warning while developing."""
    webin = settings.EMG_CONFIG.webin
    if not webin.dcc_account or (webin.dcc_password and webin.dcc_password.get_secret_value()):
        return []
    level = Warning if settings.DEBUG else Error
    return [
        level(
            f"EMG_WEBIN__DCC_ACCOUNT is {webin.dcc_account}, but EMG_WEBIN__DCC_PASSWORD is not set.",
            hint="Set the password, or set the account empty if this installation has no data hub.",
            id="ena.W001" if settings.DEBUG else "ena.E001",
        )
    ]


def check_host_genomes(**_: object) -> list[CheckMessage]:
    """ena.E002: a taxon that stands twice in the table of hosts would be decontaminated by chance."""
    return [Error(f"host_genomes.tsv names {taxon} twice.", id="ena.E002") for taxon in repeated_taxa()]


class EnaConfig(AppConfig):
    name = "ena"
    verbose_name = "ENA mirror"

    def ready(self) -> None:
        register(check_hub_password)
        register(check_host_genomes)
