"""What SQLAlchemy's test suite for dialects may ask of Cloud Control, and why not the rest. README.dialects.rst.

What is neither open nor closed here is so by SQLAlchemy's own default. Why something is closed is said here, and by
``pytest -rs``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements

# SQLAlchemy's rules and configurations have no types, hence Any.
_Rule = Any


def _always(config: _Rule) -> bool:
    return True


def _is_blocking(config: _Rule) -> bool:
    return not config.db.dialect.is_async


def _closed(reason: str, where: Callable[[_Rule], bool] = _always) -> _Rule:
    return property(lambda _: exclusions.skip_if(where, reason))


_OPEN: _Rule = property(lambda _: exclusions.open())

# Types belong to AWS. Those that the suite registers have no more than Cloud Control's types have.
_REFERENCES = _closed("few schemas say to what a property refers, and most of those name several")
_INDEXES = _closed("resource types have no indexes")
_CHECKS = _closed("the limits of values in schemas have no names, and are not SQL")
_UNIQUE = _closed("the additional identifiers in schemas have no names")
_KEY_NAMES = _closed("identifiers have no names and no comments")
_COLLATIONS = _closed("schemas have no collations")
_EXPRESSIONS = _closed("what AWS computes, it does not explain: defaults in schemas are values")
_NUMBERS = _closed("nothing numbers resources, or tells that it does")
_COLUMNS = _closed("each table has region and Identifier")
# There is no DDL: what the suite creates and drops is registered with the endpoint by the suite's own dialect.
_DDL = _closed("types belong to AWS: the suite's CREATE TABLE and DROP TABLE are registrations")
_SCHEMA_OF_CONNECTION = _closed("a connection's service is a setting, and no statement changes it")
_VIEWS = _closed("the views that there are list the resources of a type, and nobody can make another")
_TEMPORARY = _closed("no resource belongs to a connection")
_SERVICE_NAMES = _closed("services have names of letters, digits and underscores")
# Values are JSON.
_BYTES = _closed("JSON has no bytes")
_DATES = _closed("JSON has dates only as text")
_FLOATS = _closed("numbers are read as floats of 64 bits: without infinity, and with 15 digits that are certain")
# How Cloud Control works.
_EMPTY_INSERTS = _closed("an INSERT says at least in which region")
_LAST_IDENTIFIER = _closed("an identifier is text, also where the key is a number, and keys come by RETURNING")
_TRANSACTIONS = _closed("there are no transactions")
_ALWAYS_AUTOCOMMIT = _closed("autocommit cannot be turned off: there are no transactions")
_WRITES_IN_WITH = _closed("a statement that writes stands for itself: each of its requests takes its time, and stays")
# What the driver does in another way.
_CURSORS = _closed("every cursor streams, so none is another kind of cursor", _is_blocking)
_EXECUTEMANY = _closed("executemany gives the rows of RETURNING: SQLAlchemy need not make one statement of many")
_NAMES = _closed("names are told as they are written")


class Requirements(SuiteRequirements):
    """For tables that are resource types, and statements that DuckDB runs over what Cloud Control answers."""

    # What the engine's SQL has.
    boolean_col_expressions = _OPEN
    ctes = _OPEN
    ctes_with_update_delete = _OPEN
    ctes_with_values = _OPEN
    except_ = _OPEN
    fetch_expression = _OPEN
    fetch_first = _OPEN
    fetch_no_order_by = _OPEN
    fetch_offset_with_options = _OPEN
    fetch_percent = _OPEN
    fetch_ties = _OPEN
    intersect = _OPEN
    nullsordering = _OPEN
    order_by_collation = _OPEN
    order_by_label_with_expression = _OPEN
    regexp_match = _OPEN
    regexp_replace = _OPEN
    supports_bitwise_and = _OPEN
    supports_bitwise_not = _OPEN
    supports_bitwise_or = _OPEN
    supports_bitwise_shift = _OPEN
    supports_bitwise_xor = _OPEN
    supports_distinct_on = _OPEN
    supports_is_distinct_from = _OPEN
    table_value_constructor = _OPEN
    tuple_in = _OPEN
    window_functions = _OPEN
    window_range = _OPEN
    window_range_numeric = _OPEN
    # What the driver has.
    array_type = _OPEN
    cast_precision_numerics_many_significant_digits = _OPEN
    date_historic = _OPEN
    datetime_historic = _OPEN
    datetime_interval = _OPEN
    datetime_literals = _OPEN
    datetime_timezone = _OPEN
    datetime_timezone_historic = _OPEN
    delete_from = _OPEN
    float_or_double_precision_behaves_generically = _OPEN
    isolation_level = _OPEN
    json_type = _OPEN
    legacy_unconditional_json_extract = _OPEN
    nvarchar_types = _OPEN
    precision_numerics_enotation_large = _OPEN
    precision_numerics_enotation_small = _OPEN
    precision_numerics_general = _OPEN
    sane_multi_rowcount = _OPEN
    sane_rowcount = _OPEN
    sane_rowcount_w_returning = _OPEN
    standalone_binds = _OPEN
    time_timezone = _OPEN
    timestamp_microseconds = _OPEN
    unicode_data = _OPEN
    unicode_ddl = _OPEN
    unusual_column_name_characters = _OPEN
    update_from = _OPEN
    uuid_data_type = _OPEN
    # What the catalogue has.
    comment_reflection = _OPEN
    comment_reflection_full_unicode = _OPEN
    reflect_table_options = _OPEN
    schemas = _OPEN
    server_defaults = _OPEN

    # What the catalogue has not.
    cross_schema_fk_reflection = _REFERENCES
    fk_constraint_option_reflection_ondelete_noaction = _REFERENCES
    fk_constraint_option_reflection_ondelete_restrict = _REFERENCES
    fk_constraint_option_reflection_onupdate_restrict = _REFERENCES
    foreign_key_constraint_name_reflection = _REFERENCES
    foreign_key_constraint_option_reflection_ondelete = _REFERENCES
    foreign_key_constraint_option_reflection_onupdate = _REFERENCES
    foreign_key_constraint_reflection = _REFERENCES
    foreign_keys_reflect_as_index = _REFERENCES
    repeated_column_foreign_keys = _REFERENCES
    repeated_remote_col_foreign_keys = _REFERENCES
    index_ddl_if_exists = _INDEXES
    index_reflection = _INDEXES
    index_reflects_included_columns = _INDEXES
    indexes_check_column_order = _INDEXES
    indexes_with_ascdesc = _INDEXES
    indexes_with_expressions = _INDEXES
    reflect_indexes_with_ascdesc = _INDEXES
    reflect_indexes_with_ascdesc_as_expression = _INDEXES
    reflect_indexes_with_expressions = _INDEXES
    unique_constraints_reflect_as_index = _INDEXES
    unique_index_reflect_as_unique_constraints = _INDEXES
    check_constraint_reflection = _CHECKS
    inline_check_constraint_reflection = _CHECKS
    unique_constraint_reflection = _UNIQUE
    constraint_comment_reflection = _KEY_NAMES
    reflects_pk_names = _KEY_NAMES
    column_collation_reflection = _COLLATIONS
    computed_columns = _EXPRESSIONS
    computed_columns_default_persisted = _EXPRESSIONS
    computed_columns_reflect_persisted = _EXPRESSIONS
    computed_columns_stored = _EXPRESSIONS
    computed_columns_virtual = _EXPRESSIONS
    expression_server_defaults = _EXPRESSIONS
    identity_columns = _NUMBERS
    identity_columns_standard = _NUMBERS
    sequences = _NUMBERS
    sequences_optional = _NUMBERS
    reflect_tables_no_columns = _COLUMNS
    # What nobody can make.
    create_table_as = _DDL
    schema_create_delete = _DDL
    table_ddl_if_exists = _DDL
    default_schema_name_switch = _SCHEMA_OF_CONNECTION
    create_or_replace_view = _VIEWS
    materialized_views = _VIEWS
    materialized_views_reflect_pk = _VIEWS
    view_column_reflection = _VIEWS
    view_reflection = _VIEWS
    views = _VIEWS
    create_temp_table_as = _TEMPORARY
    has_temp_table = _TEMPORARY
    temp_table_comment_reflection = _TEMPORARY
    temp_table_names = _TEMPORARY
    temp_table_reflect_indexes = _TEMPORARY
    temp_table_reflection = _TEMPORARY
    temporary_tables = _TEMPORARY
    temporary_views = _TEMPORARY
    percent_schema_names = _SERVICE_NAMES
    # What values cannot be.
    binary_comparisons = _BYTES
    binary_literals = _BYTES
    json_deserializer_binary = _BYTES
    window_range_non_numeric = _DATES
    infinity_floats = _FLOATS
    numeric_received_as_decimal_untyped = _FLOATS
    precision_numerics_many_significant_digits = _FLOATS
    precision_numerics_retains_significant_digits = _FLOATS
    # What works in another way.
    empty_inserts = _EMPTY_INSERTS
    empty_inserts_executemany = _EMPTY_INSERTS
    dbapi_lastrowid = _LAST_IDENTIFIER
    implements_get_lastrowid = _LAST_IDENTIFIER
    savepoints = _TRANSACTIONS
    two_phase_transactions = _TRANSACTIONS
    autocommit = _ALWAYS_AUTOCOMMIT
    skip_autocommit_rollback = _ALWAYS_AUTOCOMMIT
    ctes_on_dml = _WRITES_IN_WITH
    server_side_cursors = _CURSORS
    insertmanyvalues = _EXECUTEMANY
    denormalized_names = _NAMES

    def get_isolation_levels(self, config: object) -> dict[str, object]:
        """The default and what there is."""
        return {"default": "AUTOCOMMIT", "supported": ["AUTOCOMMIT"]}

    def get_order_by_collation(self, config: object) -> str:
        """The engine's own order: by code points."""
        return "POSIX"
