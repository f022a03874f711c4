"""How an emulated Cloud Control behaves: its speed, its limits, its faults and whom it knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ccdbapi.emulator.errors import OptionError
from ccdbapi.emulator.hooks import Hook

#: The account of callers that no credential names; moto's default as well.
DEFAULT_ACCOUNT = "123456789012"

#: The regions that AWS enables for every account. Source: "Enable or disable AWS Regions in your account".
DEFAULT_REGIONS = (
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
    "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1",
    "us-east-1", "us-east-2", "us-west-1", "us-west-2",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An access key's secret, session token, account, and when it expires (epoch seconds; None: never)."""

    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    account: str = DEFAULT_ACCOUNT
    expires_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Probabilities (0 to 1) of what goes wrong, drawn from a generator seeded with ``seed``.

    ``throttled`` and ``server_error`` handle nothing, and answer with ThrottlingException and HTTP 500; ``drop_before``
    and ``drop_after`` break the connection without an answer, before and after the request was handled.
    """

    throttled: float = 0.0
    server_error: float = 0.0
    drop_before: float = 0.0
    drop_after: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("throttled", "server_error", "drop_before", "drop_after"):
            if not 0 <= getattr(self, name) <= 1:
                raise OptionError(f"faults.{name} is a probability from 0 to 1, not {getattr(self, name)!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The emulator's settings.

    ``latency`` is how many seconds each request takes, ``settle`` how many a resource request takes until it is
    final (with 0 the first event is still PENDING, the next one final). ``throttle_rate`` is how many requests a
    second each (account, region) may make (None: any number), and ``throttle_burst`` how many of them at once after a
    quiet spell (None: a second's worth). ``page_size`` is the most resources that one page of ListResources holds,
    whatever MaxResults asks. Signatures are verified over HTTP where ``check_signatures`` is set; ``credentials`` (by
    access key) then lists all that are known, and says whose account a key belongs to in any case. ``regions`` are
    those that are enabled for its accounts; all others are answered as well. ``hooks`` are asked before each create,
    update and delete.

    Raises `OptionError` where a value is out of range.
    """

    latency: float = 0.0
    settle: float = 0.0
    throttle_rate: float | None = None
    throttle_burst: float | None = None
    page_size: int = 25
    faults: Faults = field(default_factory=Faults)
    check_signatures: bool = False
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    account: str = DEFAULT_ACCOUNT
    regions: Sequence[str] = DEFAULT_REGIONS
    hooks: Sequence[Hook] = ()

    def __post_init__(self) -> None:
        if self.latency < 0 or self.settle < 0:
            raise OptionError("latency and settle are seconds, 0 or more")
        if self.throttle_rate is not None and self.throttle_rate <= 0:
            raise OptionError(f"throttle_rate is requests per second, more than 0, not {self.throttle_rate!r}")
        if self.throttle_burst is not None and self.throttle_burst < 1:
            raise OptionError(f"throttle_burst is a number of requests, 1 or more, not {self.throttle_burst!r}")
        if not 1 <= self.page_size <= 100:
            raise OptionError(f"page_size is a number from 1 to 100, not {self.page_size!r}")
