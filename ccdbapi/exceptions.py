"""The PEP 249 exceptions, and Cloud Control's error codes mapped onto them.

    Exception
    ├── Warning
    └── Error
        ├── InterfaceError          misuse of the interface itself: a closed connection, a bad setting
        └── DatabaseError
            ├── DataError           a value that does not fit: malformed JSON, wrong type, too large
            ├── OperationalError    not the statement's fault: throttling, network, timeout, credentials
            ├── IntegrityError      the resource's state forbids it: exists already, is being changed
            ├── InternalError       a defect of this driver
            ├── ProgrammingError    the statement's fault: unknown names, missing predicates, bad SQL
            └── NotSupportedError   what the type, the service or this driver cannot do

Source: PEP 249, "Exceptions"; AWS Cloud Control API, the errors of each operation and ``HandlerErrorCode``.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostics:
    """What Cloud Control said about a failure, and about what it failed on. Unknown parts are None.

    ``code`` is an exception name of the service (``ThrottlingException``) or a ``HandlerErrorCode`` of a
    progress event (``Throttling``); ``request_id`` is the HTTP request's, ``request_token`` the resource
    request's, with which ``GetResourceRequestStatus`` tells more. ``account`` is the alias of one of the connection's
    accounts.
    """

    code: str | None = None
    message: str | None = None
    operation: str | None = None
    region: str | None = None
    type_name: str | None = None
    identifier: str | None = None
    request_id: str | None = None
    request_token: str | None = None
    account: str | None = None


#: See `Outcome`.
OutcomeState = Literal["done", "failed", "unknown", "not sent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one request of a write that did not succeed as a whole.

    ``state`` is ``done``, ``failed``, ``unknown`` (it may have been carried out, or still be under way) or ``not
    sent``. With ``request_token`` the service tells more, and ``client_token`` makes sure that a repetition changes
    nothing twice.
    """

    state: OutcomeState
    operation: str
    type_name: str
    region: str
    identifier: str | None
    client_token: str
    request_token: str | None
    code: str | None
    message: str | None
    account: str | None = None


class Warning(builtins.Warning):  # noqa: A001 - the name that PEP 249 prescribes
    """Something important happened that is no error: a part of the result is missing, or a hook objected. PEP 249.

    It is in ``cursor.messages``, and issued by the module `warnings`, whose filters apply.
    """


class Error(Exception):
    """Base of all errors that this package raises. PEP 249.

    ``diag`` says what the service answered; all its parts are None where the service was not asked. ``outcomes`` has,
    for a write, what became of each of its requests, in order.
    """

    diag: Diagnostics
    outcomes: tuple[Outcome, ...] = ()

    def __init__(self, message: str = "", *, diag: Diagnostics | None = None) -> None:
        super().__init__(message)
        self.diag = diag or _NO_DIAGNOSTICS

    # Exceptions cross process boundaries (multiprocessing, Celery); keyword-only state would be lost there.
    def __reduce__(self) -> tuple[type[Error], tuple[str], dict[str, object]]:
        return type(self), (str(self),), {"diag": self.diag, "outcomes": self.outcomes}


class InterfaceError(Error):
    """The interface was misused, not the service: a closed cursor, an unknown setting. PEP 249."""


class DatabaseError(Error):
    """Base of the errors that concern the service or the statement. PEP 249."""


class DataError(DatabaseError):
    """A value does not fit where it was put: malformed JSON, the wrong type, too large. PEP 249."""


class OperationalError(DatabaseError):
    """The service could not do it now: throttling, network, timeout, credentials. PEP 249."""


class IntegrityError(DatabaseError):
    """The state of the resource forbids it: it exists already, or is being changed. PEP 249."""


class InternalError(DatabaseError):
    """The driver met a state that it should never reach. PEP 249."""


class ProgrammingError(DatabaseError):
    """The statement is wrong: syntax, unknown names, a missing predicate, parameters. PEP 249."""


class NotSupportedError(DatabaseError):
    """The resource type, the service or this driver cannot do it. PEP 249."""


_NO_DIAGNOSTICS = Diagnostics()


#: Every error code of Cloud Control → its PEP 249 class. One table; whatever is not in it is an OperationalError.
ERROR_CLASSES: Mapping[str, type[DatabaseError]] = MappingProxyType(
    {
        # The exceptions of the service model.
        "AlreadyExistsException": IntegrityError,
        "ClientTokenConflictException": IntegrityError,
        "ConcurrentModificationException": IntegrityError,
        "ConcurrentOperationException": IntegrityError,
        "GeneralServiceException": OperationalError,
        "HandlerFailureException": OperationalError,
        "HandlerInternalFailureException": OperationalError,
        "InvalidCredentialsException": OperationalError,
        "InvalidRequestException": DataError,
        "NetworkFailureException": OperationalError,
        "NotStabilizedException": OperationalError,
        "NotUpdatableException": NotSupportedError,
        "PrivateTypeException": NotSupportedError,
        "RequestTokenNotFoundException": ProgrammingError,
        "ResourceConflictException": IntegrityError,
        "ResourceNotFoundException": ProgrammingError,
        "ServiceInternalErrorException": OperationalError,
        "ServiceLimitExceededException": OperationalError,
        "ThrottlingException": OperationalError,
        "TypeNotFoundException": ProgrammingError,
        "UnsupportedActionException": NotSupportedError,
        # HandlerErrorCode, as a failed progress event carries it. GeneralServiceException stands above.
        "AccessDenied": OperationalError,
        "AlreadyExists": IntegrityError,
        "InternalFailure": OperationalError,
        "InvalidCredentials": OperationalError,
        "InvalidRequest": DataError,
        "NetworkFailure": OperationalError,
        "NotFound": ProgrammingError,
        "NotStabilized": OperationalError,
        "NotUpdatable": NotSupportedError,
        "ResourceConflict": IntegrityError,
        "ServiceInternalError": OperationalError,
        "ServiceLimitExceeded": OperationalError,
        "ServiceTimeout": OperationalError,
        "Throttling": OperationalError,
        "UnauthorizedTaggingOperation": OperationalError,
        # AWS's common errors, with which every service may answer beside its own.
        "AccessDeniedException": OperationalError,
        "ExpiredToken": OperationalError,
        "ExpiredTokenException": OperationalError,
        "IncompleteSignature": OperationalError,
        "IncompleteSignatureException": OperationalError,
        "InternalServerError": OperationalError,
        "InvalidClientTokenId": OperationalError,
        "InvalidSignatureException": OperationalError,
        "MissingAuthenticationToken": OperationalError,
        "MissingAuthenticationTokenException": OperationalError,
        "NotAuthorized": OperationalError,
        "OptInRequired": OperationalError,
        "RequestExpired": OperationalError,
        "RequestLimitExceeded": OperationalError,
        "RequestTimeout": OperationalError,
        "SerializationException": InternalError,
        "ServiceUnavailable": OperationalError,
        "SignatureDoesNotMatch": OperationalError,
        "TooManyRequestsException": OperationalError,
        "UnknownOperationException": NotSupportedError,
        "UnrecognizedClientException": OperationalError,
        "ValidationError": DataError,
        "ValidationException": DataError,
    }
)


#: What to do about errors whose names do not tell. Source: ``ClientToken`` in the service model; Cloud Control API user
#: guide, "Managing resource operation requests".
_ADVICE: Mapping[str | None, str] = MappingProxyType(
    {
        "ClientTokenConflictException": "a client token stands for one request, for 36 hours: leave it out, or give "
        "another one",
        "RequestTokenNotFoundException": "Cloud Control knows a request by its token for 7 days, in the region and "
        "account that it was made in",
        "Throttling": "the request has failed, and is not made again by itself: run the statement again",
    }
)


def error_for(diag: Diagnostics, *, message: str | None = None) -> DatabaseError:
    """The exception for what the service answered: the class of its code, `OperationalError` where it is unknown.

    ``message`` replaces the text made from ``diag``.
    """
    error_class = ERROR_CLASSES.get(diag.code or "", OperationalError)
    return error_class(message or _describe(diag), diag=diag)


def of_account(error: DatabaseError, alias: str) -> DatabaseError:
    """``error``, which says that it came of the connection's account ``alias``, where it has such accounts."""
    if not alias or error.diag.account is not None:
        return error
    return type(error)(f"{error} (account {alias})", diag=replace(error.diag, account=alias))


def _describe(diag: Diagnostics) -> str:
    where = ", ".join(
        f"{name} {value}"
        for name, value in (
            ("type", diag.type_name),
            ("identifier", diag.identifier),
            ("account", diag.account),
            ("region", diag.region),
            ("request token", diag.request_token),
            ("request id", diag.request_id),
        )
        if value
    )
    failed = f"{diag.operation} failed: " if diag.operation else ""
    code = f"{diag.code}: " if diag.code else ""
    advice = f"; {_ADVICE[diag.code]}" if diag.code in _ADVICE else ""
    return f"{failed}{code}{diag.message or 'no message was given'}" + (f" ({where})" if where else "") + advice
