"""Which failures are tried again, and after how long."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

#: Operations that change nothing, or that the service model marks as idempotent.
REPEATABLE = frozenset(
    {"GetResource", "ListResources", "GetResourceRequestStatus", "ListResourceRequests", "CancelResourceRequest"}
)


class Verdict(Enum):
    """What a failure says about trying again."""

    FINAL = "final"
    TRANSIENT = "transient"
    THROTTLED = "throttled"


class _Rule(Enum):
    NEVER = "never"
    ALWAYS = "always"
    IF_REPEATABLE = "if the operation is repeatable"
    THROTTLE = "always, and more slowly"


#: Error code → whether to try again. A code that is not here is judged by its HTTP status: 429 is throttling, 5xx
#: transient. Writes may be repeated after any of these because each carries a ClientToken, which makes it the same
#: request to the service for 36 hours. Sources: the service model's ``fault`` traits, "Handler error codes" in the
#: CloudFormation CLI User Guide ("retriable", "terminal"), and botocore's list of throttling codes.
_RULES: Mapping[str, _Rule] = MappingProxyType(
    {
        "BandwidthLimitExceeded": _Rule.THROTTLE,
        "EC2ThrottledException": _Rule.THROTTLE,
        "LimitExceededException": _Rule.THROTTLE,
        "PriorRequestNotComplete": _Rule.THROTTLE,
        "ProvisionedThroughputExceededException": _Rule.THROTTLE,
        "RequestLimitExceeded": _Rule.THROTTLE,
        "RequestThrottled": _Rule.THROTTLE,
        "RequestThrottledException": _Rule.THROTTLE,
        "SlowDown": _Rule.THROTTLE,
        "ThrottledException": _Rule.THROTTLE,
        "Throttling": _Rule.THROTTLE,
        "ThrottlingException": _Rule.THROTTLE,
        "TooManyRequests": _Rule.THROTTLE,
        "TooManyRequestsException": _Rule.THROTTLE,
        "TransactionInProgressException": _Rule.THROTTLE,
        # Documented as retriable.
        "NetworkFailureException": _Rule.ALWAYS,
        "ServiceInternalErrorException": _Rule.ALWAYS,
        # A handler that said nothing: "this can include timeouts".
        "HandlerFailureException": _Rule.ALWAYS,
        "InternalFailure": _Rule.ALWAYS,
        "InternalServerError": _Rule.ALWAYS,
        "RequestTimeout": _Rule.ALWAYS,
        "RequestTimeoutException": _Rule.ALWAYS,
        "ServiceUnavailable": _Rule.ALWAYS,
        # Somebody else is changing the resource, and may be for hours: whoever has a statement to answer for knows how
        # long to wait. A request that is to be cancelled may be final already, and then stays so.
        "ConcurrentModificationException": _Rule.NEVER,
        "ConcurrentOperationException": _Rule.NEVER,
        # Reading again is harmless.
        "ResourceConflictException": _Rule.IF_REPEATABLE,
        # 5xx or not, documented as terminal: the handler itself is broken, and will be at the next try.
        "HandlerInternalFailureException": _Rule.NEVER,
        # "Non-transient", although it sounds like throttling.
        "ServiceLimitExceededException": _Rule.NEVER,
    }
)


#: Codes of answers after which the request may have been carried out all the same; None where no answer made sense.
_OPEN = frozenset(
    {
        None,
        "HandlerFailureException",
        "HandlerInternalFailureException",
        "InternalFailure",
        "InternalServerError",
        "NetworkFailureException",
        "ServiceInternalErrorException",
        "ServiceUnavailable",
    }
)


def leaves_open(code: str | None) -> bool:
    """Whether a request that was answered with this error code may have been carried out all the same."""
    return code in _OPEN


#: Codes of answers that are given before anything is looked for by its client token. Source: "Common Errors" in the
#: Cloud Control API reference.
_AT_THE_DOOR = frozenset(
    {
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "RequestExpired",
        "RequestTimeout",
        "RequestTimeoutException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


class Trace(Enum):
    """What a try that failed says about whether the request has been carried out, by it or by those before it."""

    #: It may have been.
    OPEN = "open"
    #: Not by this one; of those before nothing is said.
    SILENT = "silent"
    #: It has not: the service has looked at it, and would know what it had taken on before by its client token.
    REFUSED = "refused"


def trace(status: int, code: str | None) -> Trace:
    """What an answer with this HTTP status and error code says of the request."""
    if leaves_open(code) or (status >= 500 and code not in _RULES):
        return Trace.OPEN
    if throttles(code) or status == 429 or code in _AT_THE_DOOR:
        return Trace.SILENT
    return Trace.REFUSED


def throttles(code: str | None) -> bool:
    """Whether this error code asks to go slower."""
    return _RULES.get(code or "") is _Rule.THROTTLE


def judge(operation: str, status: int, code: str | None) -> Verdict:
    """Whether ``operation``, answered with this HTTP status and error code, is worth another try."""
    match _RULES.get(code or ""):
        case _Rule.THROTTLE:
            return Verdict.THROTTLED
        case _Rule.ALWAYS:
            return Verdict.TRANSIENT
        case _Rule.IF_REPEATABLE:
            return Verdict.TRANSIENT if operation in REPEATABLE else Verdict.FINAL
        case _Rule.NEVER:
            return Verdict.FINAL
    if status == 429:
        return Verdict.THROTTLED
    return Verdict.TRANSIENT if status >= 500 else Verdict.FINAL


def full_jitter(upper: float) -> float:
    """A random number of seconds between none and ``upper``."""
    return random.uniform(0, upper)  # noqa: S311 - spreads retries, keeps no secret


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff with full jitter: between 0 and ``min(cap, base * 2**(attempt - 1))`` seconds.

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog.
    """

    base: float = 0.25
    cap: float = 20.0
    jitter: Callable[[float], float] = full_jitter

    def delay(self, attempt: int) -> float:
        """Seconds to wait after the ``attempt``-th try (the first is 1) failed."""
        # The exponent is bounded so that a patient max_attempts does not overflow a float.
        return self.jitter(min(self.cap, self.base * 2 ** min(attempt - 1, 60)))
