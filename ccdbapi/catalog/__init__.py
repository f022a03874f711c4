"""Resource types: their names, columns, identifiers and permissions."""

from __future__ import annotations

from ccdbapi.catalog.catalog import Catalog, packaged
from ccdbapi.catalog.generic import GENERIC_SERVICE, GENERIC_TABLES, REQUEST_VIEWS
from ccdbapi.catalog.model import (
    IDENTIFIER,
    REGION,
    Column,
    Handler,
    HandlerName,
    ResourceType,
    Schema,
    SqlType,
    Table,
    TableKind,
)
from ccdbapi.catalog.schemas import json_types
from ccdbapi.catalog.tables import TableSummary

__all__ = [
    "GENERIC_SERVICE",
    "GENERIC_TABLES",
    "IDENTIFIER",
    "REGION",
    "REQUEST_VIEWS",
    "Catalog",
    "Column",
    "Handler",
    "HandlerName",
    "ResourceType",
    "Schema",
    "SqlType",
    "Table",
    "TableKind",
    "TableSummary",
    "json_types",
    "packaged",
]
