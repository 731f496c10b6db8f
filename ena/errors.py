"""What can go wrong between us and ENA: each of these means *unknown*, none means "no" (``spec/ena.md`` §5.3)."""


class EnaError(Exception):
    """ENA gave no usable answer. The message names endpoint, result, portal, query and status; never a credential."""


class EnaUnavailable(EnaError):
    """All attempts were used up."""


class RateLimited(EnaUnavailable):
    """ENA kept answering 429."""


class TimedOut(EnaUnavailable):
    """Connecting, reading or the whole call took too long."""


class ServerFailed(EnaUnavailable):
    """A server error, a refused or a broken connection."""


class IncompleteAnswer(EnaError):
    """The answer was cut, ragged, or did not hold as many rows as ``/count`` said."""


class ForeignAnswer(EnaError):
    """Status 200 with something that is not the data asked for."""


class QueryRefused(EnaError):
    """ENA refused the question: a fault of ours or a change of ENA's. ``fields`` are the names it did not know."""

    def __init__(self, message: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.fields = fields


class NotFound(EnaError):
    """Status 404: no such record, or no such address."""


class FieldContractBroken(EnaError):
    """ENA no longer returns a column without which rows would be mistaken."""


class CredentialsRefused(EnaError):
    """ENA answered 401 or 403 to our data hub account."""


class MissingCredentials(EnaError):
    """A data hub account is set without its password."""


class RegistrationRefused(EnaError):
    """ENA read what was to be registered, and said no."""


class LevelMoved(EnaError):
    """An answer came too late: the study has been opened since it was asked for. Asking again is all it takes."""


class MadeUpAccessionSentToEna(EnaError):
    """A made-up test accession was about to leave for the real ENA."""


class CalledInsideTransaction(RuntimeError):
    """A bug of ours: the database would have waited on ENA."""


class StudyNotAvailable(Exception):
    """A look at a study ended without a study to show.

    :param verdict: ``private``, ``absent`` or ``unknown``; only ``absent`` says that ENA does not show it
    """

    def __init__(self, message: str, verdict: str) -> None:
        super().__init__(message)
        self.verdict = verdict
