"""The values of a statement's parameters, in the order in which the statement numbers them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ccdbapi.exceptions import ProgrammingError

if TYPE_CHECKING:
    from ccdbapi.sql import Statement

#: What `execute` takes beside the statement: values in order for ``?``, by name for ``:name``.
Parameters = Sequence[object] | Mapping[str, object]


def parameter_sets(sets: Iterable[Parameters]) -> Sequence[Parameters]:
    """The sets of parameters that `executemany` was given. Raises `ProgrammingError` for anything else."""
    if isinstance(sets, str | bytes | Mapping) or not isinstance(sets, Iterable):
        raise ProgrammingError(
            f"executemany takes a list of parameter sets, each a list, tuple or mapping, not {type(sets).__name__}."
        )
    return list(sets)


def values_for(statement: Statement, parameters: Parameters | None) -> Sequence[object]:
    """The values by parameter number. PEP 249, ``paramstyle``: qmark; a mapping binds ``:name``.

    Raises `ProgrammingError` for too few or too many values, or the wrong kind of container.
    """
    names = statement.parameter_names
    if names:
        return _by_name(names, parameters)
    wanted = len(statement.parameters)
    if isinstance(parameters, Mapping):
        if parameters:
            raise ProgrammingError(
                "Parameters are given by name, but the statement has no :name; pass a sequence for ?."
            )
        parameters = ()
    if isinstance(parameters, str | bytes) or not isinstance(parameters, Sequence | None):
        raise ProgrammingError(
            f"Parameters must be a list or tuple for ?, or a mapping for :name, not {type(parameters).__name__}."
        )
    given = parameters or ()
    if len(given) != wanted:
        raise ProgrammingError(f"Parameters (?) in the statement: {wanted}; values given: {len(given)}.")
    return given


def _by_name(names: Sequence[str], parameters: Parameters | None) -> Sequence[object]:
    if not isinstance(parameters, Mapping):
        raise ProgrammingError(
            f"The statement has named parameters ({', '.join(f':{name}' for name in names)}); "
            "pass a mapping with their values."
        )
    lacking = [name for name in names if name not in parameters]
    if lacking:
        raise ProgrammingError(f"No value is given for {', '.join(f':{name}' for name in lacking)}.")
    return [parameters[name] for name in names]
