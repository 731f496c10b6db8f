"""As whom a private study is asked for: the data hub account of this installation (``spec/ena.md`` §2.4)."""

from dataclasses import dataclass

from django.conf import settings

from ena.errors import MissingCredentials

HUB_PORTALS = {"dcc_metagenome": "metagenome", "dcc_compare": "pathogen", "dcc_faang": "faang"}


@dataclass(frozen=True)
class Credentials:
    """A data hub account; its ``repr`` is blank, so that no log or traceback can show it."""

    account: str
    password: str

    def __repr__(self) -> str:
        return "Credentials()"

    @property
    def portal(self) -> str:
        return HUB_PORTALS.get(self.account, "ena")


def hub_credentials() -> Credentials | None:
    """Our data hub account, or None where the installation says that it has none (an empty name).

    :raises MissingCredentials: an account without a password; there is no silent "no auth"
    """
    webin = settings.EMG_CONFIG.webin
    if not webin.dcc_account:
        return None
    if webin.dcc_password is None or not webin.dcc_password.get_secret_value():
        raise MissingCredentials(
            f"EMG_WEBIN__DCC_ACCOUNT is {webin.dcc_account}, but EMG_WEBIN__DCC_PASSWORD is not set: "
            "private studies cannot be asked for. Set it, or set the account empty if there is no data hub"
        )
    return Credentials(webin.dcc_account, webin.dcc_password.get_secret_value())
