"""What the emulated service answers when it refuses, and what its caller did wrong in setting it up."""

from __future__ import annotations


class OptionError(ValueError):
    """An option of the emulator is out of range."""


class ServiceError(Exception):
    """A refused request: the exception's name in the service model, its message, and the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    @property
    def body(self) -> dict[str, object]:
        """The JSON body of the answer (AWS JSON 1.0)."""
        # The errors that all AWS services share live in another namespace than Cloud Control's own.
        namespace = "com.amazon.coral.service" if self.code in _SHARED_CODES else "com.amazonaws.cloudapiservice"
        return {"__type": f"{namespace}#{self.code}", "Message": self.message}


_SHARED_CODES = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "SerializationException",
        "UnknownOperationException",
        "UnrecognizedClientException",
        "ValidationException",
    }
)
