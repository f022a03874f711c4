"""What is looked up of accounts: once, together, and only when it is needed."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from ccdbapi.cloudcontrol.accounts import Account, Accounts, Fact
from ccdbapi.cloudcontrol.client import Client
from ccdbapi.cloudcontrol.identity import account_of_role
from ccdbapi.cloudcontrol.transport import Answer
from ccdbapi.exceptions import DataError, OperationalError


class Nowhere:
    """A transport that nothing is to be sent by."""

    async def send(self, operation: str, region: str, payload: Mapping[str, object]) -> Answer:
        raise AssertionError(operation)

    async def close(self) -> None:
        """Has nothing open."""


def accounts(**find_ids: Callable[[], str]) -> Accounts:
    def no_regions() -> Sequence[str]:
        raise AssertionError("nobody asked for regions")

    return Accounts({alias: Account(Client(Nowhere()), find, no_regions) for alias, find in find_ids.items()})


@pytest.mark.parametrize(
    ("role_arn", "account"),
    [
        ("arn:aws:iam::123456789012:role/reader", "123456789012"),
        ("arn:aws:iam::123456789012:role/a/path/reader", "123456789012"),
        ("arn:aws-cn:iam::123456789012:role/reader", "123456789012"),
        ("arn:aws-us-gov:iam::123456789012:role/reader", "123456789012"),
        ("arn:aws:iam::12345678901:role/reader", None),
        ("arn:aws:iam::123456789012:user/reader", None),
        ("reader", None),
        (None, None),
    ],
)
def test_the_account_of_a_role_is_in_its_arn(role_arn: str | None, account: str | None) -> None:
    assert account_of_role(role_arn) == account


def test_a_fact_is_found_once_however_many_threads_want_it() -> None:
    numbers = itertools.count(1)
    fact = Fact(lambda: next(numbers))
    together = threading.Barrier(8)

    def get(_: int) -> int:
        together.wait()
        return fact.get()

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(get, range(8))) == [1] * 8
    assert next(numbers) == 2


def test_what_could_not_be_found_is_looked_up_again() -> None:
    failures = [OperationalError("not now")]

    def find() -> str:
        if failures:
            raise failures.pop()
        return "111111111111"

    asked = accounts(prod=find)
    with pytest.raises(OperationalError, match=r"not now \(account prod\)") as caught:
        asked.ids(["prod"])
    assert caught.value.diag.account == "prod"
    assert asked.ids(["prod"]) == {"prod": "111111111111"}


def test_an_error_keeps_its_class_and_what_the_service_said() -> None:
    def find() -> str:
        raise DataError("no such region")

    with pytest.raises(DataError, match="no such region"):
        accounts(prod=find).ids(["prod"])


def test_accounts_are_asked_together_and_only_those_that_are_needed() -> None:
    together = threading.Barrier(2, timeout=10)

    def find(account: str) -> Callable[[], str]:
        def meet() -> str:
            together.wait()
            return account

        return meet

    def unneeded() -> str:
        raise AssertionError("this account was not needed")

    asked = accounts(prod=find("1"), dev=find("2"), test=unneeded)
    assert asked.ids(["dev", "prod"]) == {"dev": "2", "prod": "1"}
    assert asked.ids(["prod"]) == {"prod": "1"}
