"""What a failing region is told of, and which failures are a region's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping

import pytest
from scripted_transport import Answer, ScriptedTransport, error, ok
from virtual_time import LoopClock, run

from ccdbapi import exceptions
from ccdbapi.cloudcontrol.client import Client
from ccdbapi.cloudcontrol.retry import Backoff
from ccdbapi.cloudcontrol.transport import EndpointError, TransportError
from ccdbapi.exceptions import (
    ERROR_CLASSES,
    DatabaseError,
    Diagnostics,
    Error,
    IntegrityError,
    OperationalError,
    error_for,
)
from ccdbapi.execution.rows import Row
from ccdbapi.execution.skipping import Failing, Origin, Skipping, is_of_region

REGION, TYPE = "eu-west-1", "AWS::SageMaker::Image"
GET = Origin("", REGION, "GetResource", TYPE, True)
LIST = Origin("", REGION, "ListResources", TYPE, True)
ATTEMPTS = 4


def client(*answers: Answer, always: Answer | None = None) -> tuple[Client, ScriptedTransport]:
    transport = ScriptedTransport((lambda *_: always) if always is not None else answers)
    upper = Backoff(jitter=lambda seconds: seconds)
    return Client(transport, rate_limit=None, max_attempts=ATTEMPTS, clock=LoopClock(), backoff=upper), transport


async def pages_of(asked: Client) -> list[str]:
    return [item.identifier async for page in asked.list_resources(REGION, TYPE) for item in page]


@pytest.mark.parametrize("operation", ["GetResource", "ListResources"])
@pytest.mark.parametrize(
    ("failure", "tries", "said"),
    [
        (error("ThrottlingException", 429, "Rate exceeded"), ATTEMPTS, r"Rate exceeded \[after 4 tries\]"),
        (error("ServiceInternalErrorException", 500), ATTEMPTS, r"because \[after 4 tries\]"),
        (TransportError("https://here: connection refused"), ATTEMPTS, "in 4 tries: https://here: connection refused"),
        (EndpointError("There is no host x."), 1, "got no answer: There is no host x"),
        (error("AccessDeniedException"), 1, "because"),
        (error("UnrecognizedClientException"), 1, "because"),
        (ok(), 1, "without a usable"),
    ],
    ids=str,
)
def test_every_error_of_a_call_says_what_was_asked_for_where_and_how_often(
    operation: str, failure: Answer, tries: int, said: str
) -> None:
    async def scenario() -> float:
        asked, transport = client(always=failure)
        with pytest.raises(OperationalError, match=said) as failed:
            await (asked.get_resource(REGION, TYPE, "a") if operation == "GetResource" else pages_of(asked))
        for part in (operation, REGION, TYPE):
            assert part in str(failed.value)
        diag = failed.value.diag
        assert (diag.operation, diag.region, diag.type_name) == (operation, REGION, TYPE)
        assert len(transport.calls) == tries
        return asyncio.get_running_loop().time()

    # The waits between the tries, and no more.
    assert run(scenario()) == pytest.approx(0.25 + 0.5 + 1 if tries == ATTEMPTS else 0)


def page(name: str, token: str | None) -> Answer:
    more = {} if token is None else {"NextToken": token}
    return ok(ResourceDescriptions=[{"Identifier": name}], **more)


@pytest.mark.parametrize(
    "failure",
    [error("ValidationException"), error("InvalidRequestException"), error("GeneralServiceException")],
    ids=str,
)
@pytest.mark.parametrize("before", [1, 2])
def test_a_list_whose_token_is_not_taken_says_that_it_is_not_complete(failure: Answer, before: int) -> None:
    async def scenario() -> None:
        asked, transport = client(*(page(str(number), f"token-{number}") for number in range(before)), failure)
        # The request itself was right: its first page was answered.
        with pytest.raises(OperationalError, match=f"broke off after {before} page.* not complete") as failed:
            await pages_of(asked)
        for part in ("ListResources", REGION, TYPE, "because"):
            assert part in str(failed.value)
        assert failed.value.diag.code is not None
        # It is not begun again: rows of the first pages may be in use.
        assert len(transport.calls) == before + 1

    run(scenario())


@pytest.mark.parametrize("code", ["ValidationException", "InvalidRequestException"])
def test_a_list_that_is_refused_at_once_is_the_fault_of_what_it_asked(code: str) -> None:
    async def scenario() -> None:
        asked, _ = client(error(code))
        with pytest.raises(ERROR_CLASSES[code]) as failed:
            await pages_of(asked)
        assert "broke off" not in str(failed.value)

    run(scenario())


REGIONAL = [
    "AccessDenied", "AccessDeniedException", "GeneralServiceException", "HandlerFailureException",
    "HandlerInternalFailureException", "InternalFailure", "InternalServerError", "InvalidClientTokenId",
    "InvalidCredentialsException", "NetworkFailureException", "NotAuthorized", "OptInRequired", "RequestLimitExceeded",
    "RequestTimeout", "ServiceInternalErrorException", "ServiceLimitExceededException", "ServiceUnavailable",
    "ThrottlingException", "TooManyRequestsException", "UnrecognizedClientException", "TypeNotFoundException",
    "UnsupportedActionException", "NobodyKnowsThis", None,
]  # fmt: skip
OWN = [
    "AlreadyExistsException", "ConcurrentModificationException", "ExpiredToken", "ExpiredTokenException",
    "IncompleteSignature", "InvalidRequest", "InvalidRequestException", "InvalidSignatureException",
    "MissingAuthenticationToken", "NotUpdatableException", "PrivateTypeException", "RequestExpired",
    "ResourceConflictException", "ResourceNotFoundException", "SerializationException", "SignatureDoesNotMatch",
    "UnknownOperationException", "ValidationError", "ValidationException",
]  # fmt: skip


@pytest.mark.parametrize(("code", "regional"), [(c, True) for c in REGIONAL] + [(c, False) for c in OWN])
def test_which_failures_are_the_regions_own(code: str | None, regional: bool) -> None:
    failure = error_for(Diagnostics(code=code, region=REGION, operation="ListResources", type_name=TYPE))
    assert is_of_region(failure, LIST) is regional


def test_a_type_that_only_the_statement_names_is_its_own_fault() -> None:
    for code in ("TypeNotFoundException", "UnsupportedActionException"):
        assert not is_of_region(error_for(Diagnostics(code=code, region=REGION)), LIST._replace(is_known=False))


@pytest.mark.parametrize(
    "failure",
    [
        OperationalError("The statement has waited 3 s for AWS, its timeout; ask for less, or raise timeout."),
        OperationalError("No AWS credentials were found."),
        error_for(Diagnostics(code="AccessDenied", operation="AssumeRole")),
    ],
    ids=str,
)
def test_what_is_said_of_no_region_is_no_failure_of_one(failure: DatabaseError) -> None:
    assert not is_of_region(failure, LIST)


async def rows(*pages: int | Error) -> AsyncGenerator[list[Row], None]:
    for number in pages:
        if isinstance(number, Error):
            raise number
        yield [{"Identifier": "x"}] * number


def throttled(region: str = REGION) -> DatabaseError:
    return error_for(Diagnostics(code="ThrottlingException", message="Rate exceeded", region=region))


async def drained(pages: AsyncGenerator[list[Row], None]) -> int:
    return sum([len(page) async for page in pages])


def test_a_region_that_fails_is_skipped_with_one_warning() -> None:
    async def scenario() -> None:
        warnings: list[exceptions.Warning] = []
        skipping = Skipping(warnings.append)
        assert await drained(skipping.pages(LIST, rows(throttled()))) == 0
        assert await drained(skipping.pages(LIST, rows(3))) == 0  # under another parent, say
        assert await drained(skipping.pages(LIST._replace(region="us-east-1"), rows(2, 1))) == 3
        assert [str(warning) for warning in warnings] == [
            f"{REGION} (ListResources of {TYPE}) was skipped, and its rows are missing: the result is not complete. "
            f"ThrottlingException: Rate exceeded (region {REGION})"
        ]

    run(scenario())


def test_what_came_before_a_region_failed_is_counted() -> None:
    async def scenario() -> None:
        warnings: list[exceptions.Warning] = []
        skipping = Skipping(warnings.append)
        assert await drained(skipping.pages(LIST, rows(25, 25, throttled()))) == 50
        assert "50 rows came from there before; all others are missing" in str(warnings[0])

    run(scenario())


def test_each_operation_type_and_account_is_told_of() -> None:
    async def scenario() -> None:
        warnings: list[exceptions.Warning] = []
        skipping = Skipping(warnings.append)
        others: Mapping[str, object] = {"type_name": "AWS::Logs::LogGroup", "account": "prod", "region": "us-east-1"}
        for origin in (LIST, GET, *(LIST._replace(**{name: value}) for name, value in others.items())):  # type: ignore[arg-type]
            assert await drained(skipping.pages(origin, rows(throttled()))) == 0
        assert len(warnings) == 5
        assert any("us-east-1" in str(warning) for warning in warnings)
        assert any("of account prod" in str(warning) for warning in warnings)

    run(scenario())


def test_gets_of_a_region_that_failed_are_not_made() -> None:
    async def scenario() -> None:
        warnings: list[exceptions.Warning] = []
        skipping = Skipping(warnings.append)
        made: list[str] = []

        async def get(name: str, failure: Error | None, seconds: float) -> Row | None:
            made.append(name)
            await asyncio.sleep(seconds)
            if failure is not None:
                raise failure
            return {"Identifier": name}

        def row(name: str, failure: Error | None = None, seconds: float = 0) -> asyncio.Task[Row | None]:
            return asyncio.ensure_future(skipping.row(GET, lambda: get(name, failure, seconds)))

        slow = row("slow", seconds=2)
        assert await row("first") == {"Identifier": "first"}
        assert await row("failing", throttled()) is None
        assert await row("failing already", throttled()) is None
        assert await row("next") is None
        assert await slow is None  # so that what the warning counts is what the result has
        assert made == ["slow", "first", "failing"]
        assert len(warnings) == 1
        assert "1 row came" in str(warnings[0])

    run(scenario())


@pytest.mark.parametrize("failure", [IntegrityError("x"), OperationalError("The statement was cancelled.")], ids=str)
def test_what_is_no_failure_of_the_region_fails_the_query(failure: DatabaseError) -> None:
    async def scenario() -> None:
        async def get() -> Row | None:
            raise failure

        skipping = Skipping(lambda warning: pytest.fail(str(warning)))
        with pytest.raises(type(failure)):
            await skipping.row(GET, get)
        with pytest.raises(type(failure)):
            await drained(skipping.pages(LIST, rows(1, failure)))

    run(scenario())


def test_by_default_every_failure_fails_the_query() -> None:
    async def scenario() -> None:
        async def get() -> Row | None:
            raise throttled()

        with pytest.raises(OperationalError):
            await Failing().row(GET, get)
        with pytest.raises(OperationalError):
            await drained(Failing().pages(LIST, rows(1, throttled())))

    run(scenario())
