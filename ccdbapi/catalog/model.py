"""What the catalogue knows of a resource type, and the tables that are made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

#: The SQL types of columns.
SqlType = Literal["VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMP", "JSON"]

#: The operations of a resource type that a handler carries out.
HandlerName = Literal["create", "read", "update", "delete", "list"]


@dataclass(frozen=True, slots=True)
class Handler:
    """One operation of a resource type.

    ``permissions`` are the IAM actions it needs; ``required`` names the properties that a list must be given
    (its parents), from the ``handlerSchema``.
    """

    permissions: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A resource type as its CloudFormation registry schema describes it.

    Paths are JSON pointers into the resource's properties (``/ImageArn``), without the schema's ``/properties``.
    """

    name: str
    schema: Mapping[str, object]
    primary_identifier: tuple[str, ...]
    required: tuple[str, ...]
    read_only: frozenset[str]
    create_only: frozenset[str]
    write_only: frozenset[str]
    handlers: Mapping[HandlerName, Handler]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    ``pointer`` is the JSON pointer of its property (``/ImageName``; None for ``region`` and ``Identifier``).
    """

    name: str
    sql_type: SqlType
    pointer: str | None
    nullable: bool = True
    comment: str | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the resources of a type, one by one (``get``) or as its list handler shows them (``list``)."""

    service: str
    name: str
    kind: Literal["get", "list"]
    resource_type: ResourceType
    columns: tuple[Column, ...]
    comment: str | None = None
