"""What the catalogue knows of a resource type, and the tables that are made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

#: The SQL types of columns.
SqlType = Literal["VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMP", "JSON"]

#: The operations of a resource type that a handler carries out.
HandlerName = Literal["create", "read", "update", "delete", "list"]
HANDLER_NAMES: tuple[HandlerName, ...] = get_args(HandlerName)

#: A table of single resources (GetResource), or of what the list handler shows (ListResources).
TableKind = Literal["get", "list"]

#: Columns that every table has: where the resource is, and Cloud Control's identifier.
REGION = "region"
IDENTIFIER = "Identifier"

#: Columns that every table has where a connection has several accounts: the account's id, and the connection's name.
ACCOUNT = "account"
ACCOUNT_ALIAS = "account_alias"

#: A JSON object, as ``json`` reads it.
Schema = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Handler:
    """One operation of a resource type.

    ``permissions`` are the IAM actions it needs. The others come from a list's ``handlerSchema``: ``required`` names
    the properties that it must be given; where it offers a choice (``oneOf``, ``anyOf``), ``alternatives`` holds the
    sets of properties of which one must be given as well; ``parents`` are all that it takes, the required ones first.
    """

    permissions: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    alternatives: tuple[tuple[str, ...], ...] = ()
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A resource type as its CloudFormation registry schema describes it.

    Paths are JSON pointers into the resource's properties (``/ImageArn``, ``/Schedule/ScheduleId``, and ``*`` for
    the items of an array), without the schema's ``/properties``. ``schema`` is the whole schema, with the
    definitions that its ``$ref`` name.
    """

    name: str
    schema: Schema = field(repr=False, hash=False)
    primary_identifier: tuple[str, ...]
    required: tuple[str, ...]
    read_only: frozenset[str]
    create_only: frozenset[str]
    write_only: frozenset[str]
    handlers: Mapping[HandlerName, Handler] = field(hash=False)
    conditional_create_only: frozenset[str] = frozenset()
    additional_identifiers: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    ``pointer`` is the JSON pointer of its property (``/ImageName``); None for what is no property: ``region``,
    ``Identifier``, and ``account`` and ``account_alias``, where there are several accounts.
    ``aliases`` are accepted beside the name and shown nowhere. ``required`` says that a create must be given it;
    ``nullable`` that a row may lack it.
    """

    name: str
    sql_type: SqlType
    pointer: str | None
    nullable: bool = True
    comment: str | None = None
    aliases: tuple[str, ...] = ()
    required: bool = False
    read_only: bool = False
    create_only: bool = False
    write_only: bool = False

    @property
    def property_name(self) -> str | None:
        """The property as the schema writes it (``ImageName``), None where the column is none."""
        return None if self.pointer is None else property_name(self.pointer)


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the resources of a type, one by one (``get``) or as its list handler shows them (``list``)."""

    service: str
    name: str
    kind: TableKind
    resource_type: ResourceType
    columns: tuple[Column, ...]
    comment: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def qualified_name(self) -> str:
        """The name in a statement: ``awscc.sagemaker.images``."""
        return f"awscc.{self.service}.{self.name}"

    @property
    def scope_columns(self) -> tuple[str, ...]:
        """The columns that say where a resource is: ``region`` and, over several accounts, those of the account."""
        return tuple(c.name for c in self.columns if c.pointer is None and c.name in (REGION, ACCOUNT, ACCOUNT_ALIAS))

    @property
    def parents(self) -> tuple[Column, ...]:
        """The columns whose values the list handler takes, in the handler's order. Empty for a ``get`` table."""
        if self.kind == "get":
            return ()
        by_pointer = {column.pointer: column for column in self.columns}
        return tuple(by_pointer[f"/{escape(name)}"] for name in self.resource_type.handlers["list"].parents)

    @property
    def identifier_columns(self) -> tuple[Column, ...]:
        """The columns of the primary identifier's properties, in the order in which ``|`` joins their values."""
        by_pointer = {column.pointer: column for column in self.columns}
        return tuple(by_pointer[path] for path in self.resource_type.primary_identifier)

    def column(self, name: str) -> Column | None:
        """The column of this name, alias or property name (``image_name``, ``ImageName``), in any case.

        ``region`` and ``Identifier`` always mean the AWS region and Cloud Control's identifier; a property of that
        name has the column ``property_region`` or ``property_identifier``.
        """
        return _find(self.columns, name)

    def property_column(self, name: str) -> Column | None:
        """The column that a write means by this name: as `column`, but only those of properties.

        Here ``Identifier`` is the property of that name, since a write does not choose Cloud Control's identifier;
        ``region`` is none, and neither are the accounts. A part of a property is not among them: it is written with the
        whole.
        """
        if name.lower() in self.scope_columns:
            return None
        return _find(
            tuple(column for column in self.columns if column.pointer and column.pointer.count("/") == 1), name
        )


def _find(columns: tuple[Column, ...], name: str) -> Column | None:
    """The one column that answers to the name: exactly, else in another case; names before aliases and properties."""
    wanted = name.lower()
    for spellings in (_names, _aliases, _property_names):
        found = [(column, text) for column in columns for text in spellings(column) if text.lower() == wanted]
        exact = [column for column, text in found if text == name]
        if exact:
            return exact[0]
        if len(found) == 1:
            return found[0][0]
    return None


def _names(column: Column) -> Iterator[str]:
    yield column.name


def _aliases(column: Column) -> Iterator[str]:
    yield from column.aliases


def _property_names(column: Column) -> Iterator[str]:
    if column.property_name is not None:
        yield column.property_name


def escape(token: str) -> str:
    """The property's name as a token of a JSON pointer. RFC 6901, section 3."""
    return token.replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    """The property's name that a token of a JSON pointer means. RFC 6901, section 4."""
    return token.replace("~1", "/").replace("~0", "~")


def service_name(type_name: str) -> str:
    """The service of the type: ``AWS::SageMaker::Image`` → ``sagemaker``."""
    return type_name.split("::")[1].lower()


def property_name(pointer: str) -> str:
    """The name of the property that the pointer leads to: ``/Schedule/ScheduleId`` → ``ScheduleId``."""
    return unescape(pointer.rsplit("/", 1)[-1])
