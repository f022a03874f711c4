"""The catalogue as it is over several accounts: every table tells, and is told, of which account a resource is."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Self

from ccdbapi.catalog.catalog import Catalog
from ccdbapi.catalog.model import ACCOUNT, ACCOUNT_ALIAS, REGION, Column, Table

#: How many tables are kept with their columns.
_KEPT_TABLES = 512

_COLUMNS = (
    Column(ACCOUNT, "VARCHAR", None, nullable=False, comment="The id of the AWS account of the resource."),
    Column(ACCOUNT_ALIAS, "VARCHAR", None, nullable=False, comment="What the connection calls that account."),
)


class AccountsCatalog(Catalog):
    """A catalogue whose tables have the columns ``account`` and ``account_alias``, after ``region``.

    A property of one of these names has the column ``property_account`` or ``property_account_alias``.
    """

    @classmethod
    def over(cls, catalog: Catalog) -> Self:
        """The types of ``catalog``."""
        return cls(catalog._source)

    def find_table(self, service: str, name: str) -> Table | None:
        """As `Catalog.find_table`."""
        table = super().find_table(service, name)
        return None if table is None else _with_accounts(table)


@lru_cache(_KEPT_TABLES)
def _with_accounts(table: Table) -> Table:
    # Only who has several accounts needs names to be made.
    from ccdbapi.catalog.naming import reserved_column

    reserved = {column.name for column in _COLUMNS}
    columns = [
        replace(column, name=reserved_column(column.name)) if column.name in reserved else column
        for column in table.columns
    ]
    (after,) = [number for number, column in enumerate(columns, 1) if column.name == REGION]
    return replace(table, columns=(*columns[:after], *_COLUMNS, *columns[after:]))
