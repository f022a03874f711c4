"""What the columns that a statement writes mean: properties of the resource, options of the request, or a document."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from ccdbapi.catalog import Column, Table
from ccdbapi.exceptions import NotSupportedError, ProgrammingError
from ccdbapi.planning.plan import Role
from ccdbapi.planning.rendering import place
from ccdbapi.planning.views import OPTION_COLUMNS
from ccdbapi.sql import ColumnName, Fragment, Insert, Statement, Update

PATCH_DOCUMENT = "PatchDocument"

#: What says where a resource is, or is to be.
SCOPE_ROLES: tuple[Literal["region", "account", "account_alias"], ...] = ("region", "account", "account_alias")


def role_of(table: Table, column: ColumnName, statement: Insert) -> Role:
    """What a column that an INSERT names means. Raises `ProgrammingError` for one that is unknown, or set by AWS."""
    at = place(statement.text, column.position)
    for role in SCOPE_ROLES:
        if column.name.lower() == role and role in table.scope_columns:
            return role
    found = table.property_column(column.name)
    if found is None:
        option = _option(column.name)
        if option is None:
            raise _unknown_column(table, column.name, at)
        return OPTION_COLUMNS[option]
    if found.read_only:
        raise ProgrammingError(
            f"{found.name} of {table.qualified_name} is read-only: AWS sets it. Leave it out of the INSERT ({at})."
        )
    return found


def check_required(table: Table, roles: Sequence[Role]) -> None:
    """Raises `ProgrammingError` where an INSERT names a column twice, or leaves out one that every resource has."""
    given = {role.pointer for role in roles if not isinstance(role, str)}
    twice = [role for number, role in enumerate(roles) if role in roles[:number]]
    if twice:
        name = twice[0] if isinstance(twice[0], str) else twice[0].name
        raise ProgrammingError(f"INSERT INTO {table.qualified_name} names the column {name} twice.")
    lacking = [column.name for column in table.columns if column.required and column.pointer not in given]
    if lacking:
        raise ProgrammingError(
            f"INSERT INTO {table.qualified_name} lacks {', '.join(lacking)}: every {table.resource_type.name} has it."
        )


def assignments_of(table: Table, statement: Update) -> Mapping[Role, Fragment]:
    """What SET assigns: columns, or a patch document as it stands; and options of the request.

    Raises `ProgrammingError` for columns that are unknown or set twice, `NotSupportedError` for those that nothing can
    change.
    """
    assigned: dict[Role, Fragment] = {}
    for assignment in statement.assignments:
        at = place(statement.text, assignment.column.position)
        role = _assigned_role(table, assignment.column.name, at)
        if role in assigned:
            raise ProgrammingError(f"UPDATE {table.qualified_name} sets {assignment.column.name} twice ({at}).")
        assigned[role] = assignment.value
    columns = [role.name for role in assigned if isinstance(role, Column)]
    if "patch_document" in assigned and columns:
        raise ProgrammingError(
            f"UPDATE {table.qualified_name} sets PatchDocument and {', '.join(columns)}: set columns, or PatchDocument "
            "with all that is to change."
        )
    if "patch_document" not in assigned and not columns:
        raise ProgrammingError(f"UPDATE {table.qualified_name} changes nothing: SET a column, or PatchDocument.")
    return assigned


def _assigned_role(table: Table, name: str, at: str) -> Role:
    column = table.property_column(name)
    if column is None:
        option = _option(name)
        if name.lower() == PATCH_DOCUMENT.lower():
            return "patch_document"
        if option is not None:
            return OPTION_COLUMNS[option]
        if table.column(name) is not None:
            raise ProgrammingError(
                f"{name} says which resource of {table.qualified_name} is meant; SET another ({at})."
            )
        raise _unknown_column(table, name, at)
    kind = "read-only: AWS sets it" if column.read_only else "create-only" if column.create_only else None
    if kind is not None:
        raise NotSupportedError(
            f"{column.name} of {table.qualified_name} is {kind} ({at}). For another value the resource would have to "
            "be replaced: INSERT a new one, DELETE this one."
        )
    return column


def _option(name: str) -> str | None:
    return next((option for option in OPTION_COLUMNS if option.lower() == name.lower()), None)


def _unknown_column(table: Table, name: str, at: str) -> ProgrammingError:
    names = [name for column in table.columns for name in (column.property_name, column.name) if name is not None]
    by_folded = {candidate.lower(): candidate for candidate in names}
    close = difflib.get_close_matches(name.lower(), by_folded, n=3)
    hint = f"; did you mean {' or '.join(by_folded[match] for match in close)}?" if close else ""
    return ProgrammingError(
        f"{table.qualified_name} has no column {name} ({at}){hint}; DESCRIBE {table.qualified_name} shows the columns"
    )


def gives_role(table: Table, statement: Statement) -> bool:
    """Whether the statement gives each request a RoleArn of its own: as a column of INSERT, or in SET."""
    if table.property_column("RoleArn") is not None:
        return False
    names: Iterable[ColumnName] = ()
    if isinstance(statement, Insert):
        names = statement.columns
    elif isinstance(statement, Update):
        names = (assignment.column for assignment in statement.assignments)
    return any(_option(column.name) == "RoleArn" for column in names)
