"""SQL text in, statements out: which kind a statement is, its clauses, parameters and hints.

Nothing here understands an expression: the clauses are fragments for the engine. The only package that imports
sqlparse, and of that only the lexer, with rules of its own.
"""

from ccdbapi.sql.fragment import Fragment
from ccdbapi.sql.location import location
from ccdbapi.sql.names import INFORMATION_SCHEMA, listed, named, renamed
from ccdbapi.sql.outline import outline
from ccdbapi.sql.parse import parse
from ccdbapi.sql.script import split
from ccdbapi.sql.statement import (
    Assignment,
    ColumnName,
    Delete,
    Describe,
    DryRun,
    Explain,
    Insert,
    Metadata,
    Placeholder,
    Query,
    SchemaName,
    Show,
    ShowInsert,
    ShowPermissions,
    Statement,
    TableName,
    Update,
)

__all__ = [
    "INFORMATION_SCHEMA",
    "Assignment",
    "ColumnName",
    "Delete",
    "Describe",
    "DryRun",
    "Explain",
    "Fragment",
    "Insert",
    "Metadata",
    "Placeholder",
    "Query",
    "SchemaName",
    "Show",
    "ShowInsert",
    "ShowPermissions",
    "Statement",
    "TableName",
    "Update",
    "listed",
    "location",
    "named",
    "outline",
    "parse",
    "renamed",
    "split",
]
