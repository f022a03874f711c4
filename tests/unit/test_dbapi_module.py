"""The module interface of PEP 249: globals, type objects and constructors, exceptions."""

from __future__ import annotations

import datetime
import pickle
import time

import pytest

import ccdbapi
from ccdbapi.dbtypes import TypeObject
from ccdbapi.exceptions import Diagnostics, Outcome

PRESCRIBED = (
    "apilevel", "threadsafety", "paramstyle", "connect",
    "Warning", "Error", "InterfaceError", "DatabaseError", "DataError", "OperationalError", "IntegrityError",
    "InternalError", "ProgrammingError", "NotSupportedError",
    "Date", "Time", "Timestamp", "DateFromTicks", "TimeFromTicks", "TimestampFromTicks", "Binary",
    "STRING", "BINARY", "NUMBER", "DATETIME", "ROWID",
)  # fmt: skip

EXCEPTIONS = {
    ccdbapi.Warning: Warning,  # so that Python's warnings take it
    ccdbapi.Error: Exception,
    ccdbapi.InterfaceError: ccdbapi.Error,
    ccdbapi.DatabaseError: ccdbapi.Error,
    ccdbapi.DataError: ccdbapi.DatabaseError,
    ccdbapi.OperationalError: ccdbapi.DatabaseError,
    ccdbapi.IntegrityError: ccdbapi.DatabaseError,
    ccdbapi.InternalError: ccdbapi.DatabaseError,
    ccdbapi.ProgrammingError: ccdbapi.DatabaseError,
    ccdbapi.NotSupportedError: ccdbapi.DatabaseError,
}

TYPE_OBJECTS = (ccdbapi.STRING, ccdbapi.BINARY, ccdbapi.NUMBER, ccdbapi.DATETIME, ccdbapi.ROWID)


@pytest.mark.parametrize("name", PRESCRIBED)
def test_the_module_exports_what_pep_249_prescribes(name: str) -> None:
    assert hasattr(ccdbapi, name)
    assert name in ccdbapi.__all__


def test_the_globals_say_what_the_driver_does() -> None:
    assert (ccdbapi.apilevel, ccdbapi.threadsafety, ccdbapi.paramstyle) == ("2.0", 2, "qmark")


@pytest.mark.parametrize(("exception", "base"), EXCEPTIONS.items())
def test_exceptions_form_the_hierarchy_of_pep_249(exception: type[Exception], base: type[Exception]) -> None:
    assert exception.__bases__ == (base,)


@pytest.mark.parametrize("exception", EXCEPTIONS)
def test_exceptions_are_attributes_of_connections(exception: type[Exception]) -> None:
    assert getattr(ccdbapi.connect(), exception.__name__) is exception


@pytest.mark.parametrize("exception", [e for e in EXCEPTIONS if issubclass(e, ccdbapi.Error)])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_errors_survive_pickling_with_all_they_tell(exception: type[ccdbapi.Error], protocol: int) -> None:
    error = exception("it failed", diag=Diagnostics(code="Throttling", region="us-east-1", request_token="t"))
    error.outcomes = (
        Outcome(
            state="unknown",
            operation="create",
            type_name="AWS::SSM::Parameter",
            region="us-east-1",
            identifier=None,
            client_token="c",
            request_token=None,
            code=None,
            message=None,
        ),
    )
    copy = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301 - of our own making
    assert type(copy) is exception
    assert (str(copy), copy.diag, copy.outcomes) == (str(error), error.diag, error.outcomes)


def test_an_error_without_an_answer_of_the_service_has_empty_diagnostics() -> None:
    error = ccdbapi.ProgrammingError("no such table")
    assert error.diag == Diagnostics()
    assert error.outcomes == ()


def test_constructors_make_values_of_the_standard_library() -> None:
    assert ccdbapi.Date(2002, 12, 25) == datetime.date(2002, 12, 25)
    assert ccdbapi.Time(13, 45, 30) == datetime.time(13, 45, 30)
    assert ccdbapi.Timestamp(2002, 12, 25, 13, 45, 30) == datetime.datetime(2002, 12, 25, 13, 45, 30)  # noqa: DTZ001
    assert ccdbapi.Binary(b"\x00\xff") == b"\x00\xff"


def test_ticks_are_read_as_local_time() -> None:
    ticks = time.mktime((2002, 12, 25, 13, 45, 30, 0, 0, -1))
    assert ccdbapi.DateFromTicks(ticks) == ccdbapi.Date(2002, 12, 25)
    assert ccdbapi.TimeFromTicks(ticks) == ccdbapi.Time(13, 45, 30)
    assert ccdbapi.TimestampFromTicks(ticks) == ccdbapi.Timestamp(2002, 12, 25, 13, 45, 30)


@pytest.mark.parametrize(
    ("type_object", "code"),
    [
        (ccdbapi.STRING, "VARCHAR"),
        (ccdbapi.BINARY, "BLOB"),
        (ccdbapi.NUMBER, "DECIMAL"),
        (ccdbapi.DATETIME, "TIMESTAMP"),
    ],
)
def test_a_type_object_equals_the_codes_of_its_types_from_either_side(type_object: TypeObject, code: str) -> None:
    assert type_object == code
    assert code == type_object
    assert all(other != code for other in TYPE_OBJECTS if other is not type_object)


def test_type_objects_differ_from_one_another_and_may_be_keys() -> None:
    assert len(set(TYPE_OBJECTS)) == len(TYPE_OBJECTS)
    assert repr(ccdbapi.STRING) == "ccdbapi.STRING"
