"""Errors that a user can act on.

::

    RobustnessError            anything the tool says on purpose; the CLI prints it and exits with 2
    ├── UsageError             flags, configuration or data that cannot be used
    │   ├── KeywordError       (and a TypeError) a keyword that a function has not
    │   └── DataError          examples that cannot be read
    ├── VictimError            the victim raised, hung or answered what cannot be used
    │   ├── VictimTimeoutError it did not answer in time
    │   ├── VictimDiedError    its process ended before it answered (--isolate)
    │   ├── RefusedError       an endpoint that will answer nothing more: key refused, account closed; ends the run
    │   │   └── CassetteError  (and a UsageError) a cassette that lacks what is asked, or cannot be written; ends the run
    │   └── AnswerError        it answered, but not with one valid row per input
    ├── SpentError             a cap on money, tokens or requests is reached, or the account is empty: the run is inconclusive
    ├── MissingExtraError      an optional dependency is not installed
    └── ShadowedError          another package or module hides one of ours
"""

from __future__ import annotations


class RobustnessError(Exception):
    """Something the tool says on purpose: what was expected, what came, what to do.

    The message may quote whatever a victim raised, so values of secret environment variables are taken out of it here:
    from errors they would go to records, files and logs.
    """

    def __init__(self, message: str = "") -> None:
        from reports.files.secrets import redact  # not sooner: pytest imports this module, used or not

        super().__init__(redact(message))


class UsageError(RobustnessError):
    """Flags, configuration or arguments that cannot be used."""


class KeywordError(UsageError, TypeError):
    """A keyword that a function has not: a ``TypeError``, as Python has it."""


class DataError(UsageError):
    """Examples that cannot be read."""


class VictimError(RobustnessError):
    """The victim raised, or could not be loaded."""


class VictimTimeoutError(VictimError):
    """The victim did not answer within the time allowed."""


class VictimDiedError(VictimError):
    """The victim's own process ended before it answered."""


class TooLargeError(VictimError):
    """The batch is too large for the memory that the victim runs in; a smaller one may not be."""


class AnswerError(VictimError):
    """The victim answered, but not with one valid row per input."""


class RefusedError(VictimError):
    """The endpoint will answer nothing more, whatever it is asked: the key is refused, the model is not there."""


class CassetteError(UsageError, RefusedError):
    """The record of what was asked lacks what a replay asks, or cannot be written: the run ends, and can be resumed."""


class SpentError(RobustnessError):
    """Nothing more may be asked: a cap on money, tokens or requests is reached, or the account behind the endpoint is empty.

    It ends a run, never an example: what was not asked is not known, and the run is inconclusive.
    """


class MissingExtraError(RobustnessError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"this needs the package {package!r}, which is not installed; run: pip install 'robustness-suite[{extra}]'"
        )


class ShadowedError(RobustnessError):
    """Another package or module hides one of ours."""

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)  # what takes secrets out lives in a package that may be the hidden one


def cut(error: object, most: int = 300) -> str:
    """What an error says, without secrets, in at most this many characters; a secret cut in two would not be recognised."""
    from reports.files.secrets import redact

    return redact(str(error))[:most]
