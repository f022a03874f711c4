"""How names are written: which of them the engine reserves, and schemas of two parts."""

from __future__ import annotations

from sqlalchemy.sql.compiler import IdentifierPreparer
from sqlalchemy.sql.elements import quoted_name

_RESERVED = """
all analyse analyze and anti any array as asc asof asymmetric at authorization between bigint binary bit boolean both
by case cast char character check coalesce collate collation column columns concurrently constraint create cross dec
decimal default deferrable desc describe distinct do else end except exists extract false fetch float for foreign
freeze from full generated glob group grouping grouping_id having ilike in initially inner inout int integer intersect
interval into is isnull join lambda lateral leading left like limit map national natural nchar none not notnull null
nullif numeric offset on only or order out outer overlaps overlay pivot pivot_longer pivot_wider placing position
positional precision primary qualify real references returning right row select semi setof show similar smallint some
struct substring summarize symmetric table tablesample then time timestamp to trailing treat trim true try_cast tuple
union unique unpack unpivot using values varchar variadic verbose when where window with xmlattributes xmlconcat
xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
"""

#: What DuckDB may not take for the name of a column or table without quotes: all but its "unreserved" keywords.
RESERVED_WORDS = frozenset(_RESERVED.split())


class AwsccIdentifierPreparer(IdentifierPreparer):
    """Quotes names as DuckDB reads them; a schema may be ``sagemaker`` or ``awscc.sagemaker``."""

    reserved_words = set(RESERVED_WORDS)  # noqa: RUF012 - so it is declared

    def quote_schema(self, schema: str, force: object = None) -> str:
        """Each part by itself; as it is where it is told to stay so, as are the marks of ``schema_translate_map``."""
        quoted = getattr(schema, "quote", None)
        return ".".join(self.quote(quoted_name(part, quoted)) for part in schema.split("."))
