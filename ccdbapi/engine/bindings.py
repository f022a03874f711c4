"""Values of a statement's parameters, handed to the engine as variables and never as text.

Setting a variable costs the engine a statement, so values of one simple type travel together, as lists.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal

from ccdbapi.exceptions import DataError, ProgrammingError

# Folding `list[i]` copies the whole list: with longer lists many parameters are slow, with shorter ones there are
# many variables to set.
_LIST_LENGTH = 100

# Below this many parameters after IN the engine does not need help.
_SHORTEST_LIST = 16

# With more, the engine would make it a float.
_DECIMAL_DIGITS = 38

_INT64 = range(-(2**63), 2**63)


class Bindings:
    """The parameters of one execution, by number, counted from 0.

    Raises `DataError` for a value that SQL cannot hold.
    """

    def __init__(self, values: Sequence[object] = ()) -> None:
        self._values = [_as_sql_value(number, value) for number, value in enumerate(values)]
        self._expressions: dict[int, str] = {}
        self._variables: dict[str, object] = {}
        self._open_lists: dict[str, tuple[str, list[object]]] = {}

    def part(self, numbers: Sequence[int]) -> Bindings:
        """These parameters alone, counted anew."""
        part = Bindings()
        part._values = [self._values[number] for number in numbers]
        return part

    def expression(self, number: int) -> str:
        """The SQL expression that stands for the parameter ``number``."""
        if number not in self._expressions:
            value, suffix = self._values[number]
            self._expressions[number] = "NULL" if value is None else self._variable(number, value) + suffix
        return self._expressions[number]

    def list_of(self, numbers: Sequence[int]) -> int | None:
        """The number of a parameter that is the list of these, for ``IN``; None where it would not mean the same.

        To the engine a list is of one type, and a NULL in it is a value.
        """
        if len(numbers) < _SHORTEST_LIST or any(type(self._values[number][0]) is not str for number in numbers):
            return None
        self._values.append(([self._values[number][0] for number in numbers], ""))
        return len(self._values) - 1

    def text(self, value: str) -> str:
        """The SQL expression that stands for one more value, a text."""
        self._values.append(_as_sql_value(len(self._values), value))
        return self.expression(len(self._values) - 1)

    def unsupported(self, variable: str) -> ProgrammingError:
        """The error for a value of a type that the engine does not know."""
        number, kind = int(variable.rpartition("_")[2]) + 1, type(self._variables[variable]).__name__
        return ProgrammingError(
            f"Parameter {number} is, or holds, something that is no SQL value ({kind}): pass text, a number, bool, "
            "bytes, a date or time, a UUID, None, or a list or mapping of such."
        )

    def out_of_range(self, variable: str, reason: str) -> DataError:
        """The error for a value that the engine cannot take, though it knows the type."""
        return DataError(f"Parameter {int(variable.rpartition('_')[2]) + 1} cannot be passed to SQL: {reason}")

    @property
    def variables(self) -> Mapping[str, object]:
        """Variable → value: what has to be set before a statement with the expressions given so far can run."""
        return self._variables

    def _variable(self, number: int, value: object) -> str:
        kind = _kind(value)
        if kind is None:
            name = f"ccdbapi_{number}"
            self._variables[name] = value
            return f"getvariable('{name}')"
        if kind not in self._open_lists or len(self._open_lists[kind][1]) == _LIST_LENGTH:
            members: list[object] = []
            self._open_lists[kind] = (f"ccdbapi_{kind}_{number}", members)
            self._variables[f"ccdbapi_{kind}_{number}"] = members
        name, members = self._open_lists[kind]
        members.append(value)
        return f"getvariable('{name}')[{len(members)}]"


class StackedBindings(Bindings):
    """The parameters of many rows at once, as the columns of a table: the parameter ``number`` is that of each row."""

    _TABLE = "ccdbapi_rows"

    def __init__(self, columns: Sequence[tuple[Sequence[object], str]], height: int) -> None:
        super().__init__()
        self._height = height
        for number, (values, suffix) in enumerate(columns):
            if any(value is not None for value in values):
                self._variables[f"ccdbapi_column_{number}"] = values
                self._expressions[number] = f"{self._TABLE}.ccdbapi_column_{number}{suffix}"
            else:
                self._expressions[number] = "NULL"

    @classmethod
    def of(cls, rows: Sequence[Bindings]) -> StackedBindings | None:
        """The parameters of all ``rows``; None where one of them is not of the same simple type in all.

        A column is of one type, and would change the values of others.
        """
        columns = []
        for given in zip(*(row._values for row in rows), strict=True):
            kinds = {(_kind(value), suffix) for value, suffix in given if value is not None}
            if len(kinds) > 1 or (None, "") in kinds:
                return None
            columns.append(([value for value, _ in given], next((suffix for _, suffix in kinds), "")))
        return cls(columns, len(rows))

    def list_of(self, numbers: Sequence[int]) -> int | None:
        return None

    @property
    def table(self) -> str:
        """What stands after FROM for the expressions to mean something."""
        columns = "".join(f", unnest(getvariable('{name}')) AS {name}" for name in self._variables)
        return f"(SELECT unnest(range({self._height})) AS ccdbapi_row{columns}) AS {self._TABLE}"

    @property
    def order(self) -> str:
        """What stands after ORDER BY for the rows to come in order."""
        return f"{self._TABLE}.ccdbapi_row"


def _kind(value: object) -> str | None:
    """What a value may share a list with; None where the element type of a list would change it."""
    if type(value) is str:
        return "text"
    if type(value) is int and value in _INT64:
        return "int"
    if type(value) is float:
        return "float"
    if type(value) is bool:
        return "bool"
    return None


def _as_sql_value(number: int, value: object) -> tuple[object, str]:
    """The value to bind, and what follows its variable in SQL."""
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise DataError(f"Parameter {number + 1} is not valid Unicode: {error.reason}") from None
        return str.__str__(value), ""  # of an enumeration's member, str() would be its name
    if isinstance(value, tuple | set | frozenset):
        value = list(value)
    # The engine would give all the structs of a list the same fields; JSON keeps each as it is.
    if isinstance(value, Mapping) or (
        isinstance(value, list) and any(isinstance(member, Mapping | list | tuple) for member in value)
    ):
        try:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False)
            text.encode()
            return text, "::JSON"
        except (TypeError, ValueError) as error:
            raise DataError(f"Parameter {number + 1} cannot be written as JSON: {error}") from None
    if isinstance(value, bytearray | memoryview):
        return bytes(value), ""
    if isinstance(value, Decimal) and _digits(value) > _DECIMAL_DIGITS:
        raise DataError(
            f"Parameter {number + 1} has {_digits(value)} digits, and a DECIMAL {_DECIMAL_DIGITS} at most: round it, "
            "or pass a float."
        )
    return value, ""


def _digits(value: Decimal) -> int:
    """How many a DECIMAL needs for it, on both sides of the point; 0 for what is no number."""
    _, digits, exponent = value.as_tuple()
    return max(len(digits) + max(exponent, 0), -exponent) if isinstance(exponent, int) else 0
