"""Resource types: their names, columns, identifiers and permissions."""

from __future__ import annotations

from ccdbapi.catalog.accounts import AccountsCatalog
from ccdbapi.catalog.catalog import Catalog, packaged
from ccdbapi.catalog.generic import GENERIC_SERVICE, GENERIC_TABLES, REQUEST_VIEWS
from ccdbapi.catalog.model import (
    ACCOUNT,
    ACCOUNT_ALIAS,
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
from ccdbapi.catalog.schemas import default_value, json_types, max_length
from ccdbapi.catalog.tables import TableSummary

__all__ = [
    "ACCOUNT",
    "ACCOUNT_ALIAS",
    "GENERIC_SERVICE",
    "GENERIC_TABLES",
    "IDENTIFIER",
    "REGION",
    "REQUEST_VIEWS",
    "AccountsCatalog",
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
    "default_value",
    "json_types",
    "max_length",
    "packaged",
]
