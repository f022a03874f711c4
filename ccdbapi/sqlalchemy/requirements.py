"""What SQLAlchemy's test suite for dialects may ask of Cloud Control, and why not the rest. README.dialects.rst.

What is neither here nor in SQLAlchemy's own defaults as open is asked for by no test that tables of AWS could pass.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements

# SQLAlchemy's rules have no types, hence Any.
_Rule = Any


def _open(_: object) -> _Rule:
    return exclusions.open()


def _closed(_: object) -> _Rule:
    return exclusions.closed()


class Requirements(SuiteRequirements):
    """For tables that are resource types, and statements that DuckDB runs over what Cloud Control answers."""

    # What the engine's SQL has.
    boolean_col_expressions = property(_open)
    ctes = property(_open)
    except_ = property(_open)
    fetch_expression = property(_open)
    fetch_first = property(_open)
    fetch_no_order_by = property(_open)
    intersect = property(_open)
    nullsordering = property(_open)
    order_by_label_with_expression = property(_open)
    regexp_match = property(_open)
    regexp_replace = property(_open)
    supports_bitwise_and = property(_open)
    supports_bitwise_not = property(_open)
    supports_bitwise_or = property(_open)
    supports_bitwise_shift = property(_open)
    supports_bitwise_xor = property(_open)
    supports_is_distinct_from = property(_open)
    tuple_in = property(_open)
    window_functions = property(_open)
    # What the driver has.
    datetime_historic = property(_open)
    datetime_literals = property(_open)
    date_historic = property(_open)
    delete_from = property(_open)
    dbapi_lastrowid = property(_closed)  # an identifier is text, also where the key is a number
    implements_get_lastrowid = property(_closed)  # as above; keys come by RETURNING
    json_type = property(_open)
    timestamp_microseconds = property(_open)
    unicode_data = property(_open)
    update_from = property(_open)
    # What the catalogue has.
    comment_reflection = property(_open)
    comment_reflection_full_unicode = property(_open)
    schemas = property(_open)

    # Types belong to AWS; those that the suite registers have no more than Cloud Control's types have.
    foreign_key_constraint_reflection = property(_closed)  # a schema does not say to what a property refers
    index_reflection = property(_closed)  # resource types have no indexes
    indexes_with_ascdesc = property(_closed)
    reflect_indexes_with_ascdesc = property(_closed)
    unique_constraint_reflection = property(_closed)  # nor unique constraints but the identifier
    temporary_tables = property(_closed)  # no resource belongs to a connection
    temp_table_reflection = property(_closed)
    views = property(_closed)  # nobody can make one; the views that there are list the resources of a type

    # What a registry schema does not allow: the names of properties have letters, digits and underscores.
    unusual_column_name_characters = property(_closed)

    # Values are JSON.
    binary_comparisons = property(_closed)  # JSON has no bytes
    binary_literals = property(_closed)
    precision_numerics_general = property(_open)
    numeric_received_as_decimal_untyped = property(_closed)  # the numbers of JSON are floats
    datetime_timezone = property(_closed)  # a date-time is shown in UTC, whatever zone it was written in

    # How Cloud Control works.
    empty_inserts = property(_closed)  # no type has defaults for all of its properties
    empty_inserts_executemany = property(_closed)
    fetch_percent = property(_closed)  # the engine's LIMIT takes no ties, and its percentages need the whole input
    fetch_ties = property(_closed)
    fetch_offset_with_options = property(_closed)
    isolation_level = property(_closed)  # AUTOCOMMIT is the only one, and the suite wants to choose another
    savepoints = property(_closed)  # there are no transactions
    two_phase_transactions = property(_closed)

    def get_isolation_levels(self, config: object) -> dict[str, object]:
        """The default and what there is."""
        return {"default": "AUTOCOMMIT", "supported": ["AUTOCOMMIT"]}
