"""What SQLAlchemy's test suite for dialects may ask of Cloud Control, and why not the rest. README.dialects.rst.

What is neither open nor closed here is so by SQLAlchemy's own default.
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
    ctes_with_update_delete = property(_open)
    ctes_with_values = property(_open)
    except_ = property(_open)
    fetch_expression = property(_open)
    fetch_first = property(_open)
    fetch_no_order_by = property(_open)
    fetch_offset_with_options = property(_open)
    fetch_percent = property(_open)
    fetch_ties = property(_open)
    intersect = property(_open)
    nullsordering = property(_open)
    order_by_collation = property(_open)
    order_by_label_with_expression = property(_open)
    regexp_match = property(_open)
    regexp_replace = property(_open)
    supports_bitwise_and = property(_open)
    supports_bitwise_not = property(_open)
    supports_bitwise_or = property(_open)
    supports_bitwise_shift = property(_open)
    supports_bitwise_xor = property(_open)
    supports_distinct_on = property(_open)
    supports_is_distinct_from = property(_open)
    table_value_constructor = property(_open)
    tuple_in = property(_open)
    window_functions = property(_open)
    window_range = property(_open)
    window_range_numeric = property(_open)
    # What the driver has.
    array_type = property(_open)
    cast_precision_numerics_many_significant_digits = property(_open)
    date_historic = property(_open)
    datetime_historic = property(_open)
    datetime_interval = property(_open)
    datetime_literals = property(_open)
    datetime_timezone = property(_open)
    datetime_timezone_historic = property(_open)
    delete_from = property(_open)
    float_or_double_precision_behaves_generically = property(_open)
    isolation_level = property(_open)
    json_type = property(_open)
    legacy_unconditional_json_extract = property(_open)
    nvarchar_types = property(_open)
    precision_numerics_general = property(_open)
    time_timezone = property(_open)
    timestamp_microseconds = property(_open)
    unicode_data = property(_open)
    unicode_ddl = property(_open)
    unusual_column_name_characters = property(_open)
    update_from = property(_open)
    uuid_data_type = property(_open)
    # What the catalogue has.
    comment_reflection = property(_open)
    comment_reflection_full_unicode = property(_open)
    schemas = property(_open)
    server_defaults = property(_open)

    # Types belong to AWS. Those that the suite registers have no more than Cloud Control's types have:
    # a schema does not say to what a property refers,
    cross_schema_fk_reflection = property(_closed)
    fk_constraint_option_reflection_ondelete_noaction = property(_closed)
    fk_constraint_option_reflection_ondelete_restrict = property(_closed)
    fk_constraint_option_reflection_onupdate_restrict = property(_closed)
    foreign_key_constraint_name_reflection = property(_closed)
    foreign_key_constraint_option_reflection_ondelete = property(_closed)
    foreign_key_constraint_option_reflection_onupdate = property(_closed)
    foreign_key_constraint_reflection = property(_closed)
    foreign_keys_reflect_as_index = property(_closed)
    repeated_column_foreign_keys = property(_closed)
    repeated_remote_col_foreign_keys = property(_closed)
    # resource types have no indexes,
    index_ddl_if_exists = property(_closed)
    index_reflection = property(_closed)
    index_reflects_included_columns = property(_closed)
    indexes_check_column_order = property(_closed)
    indexes_with_ascdesc = property(_closed)
    indexes_with_expressions = property(_closed)
    reflect_indexes_with_ascdesc = property(_closed)
    reflect_indexes_with_ascdesc_as_expression = property(_closed)
    reflect_indexes_with_expressions = property(_closed)
    # no constraints but the identifier, which has no name and no comment,
    check_constraint_reflection = property(_closed)
    constraint_comment_reflection = property(_closed)
    inline_check_constraint_reflection = property(_closed)
    reflects_pk_names = property(_closed)
    unique_constraint_reflection = property(_closed)
    unique_constraints_reflect_as_index = property(_closed)
    unique_index_reflect_as_unique_constraints = property(_closed)
    # no collations and no options of storage,
    column_collation_reflection = property(_closed)
    reflect_table_options = property(_closed)
    # no expressions for defaults and computed values: what AWS computes, it does not explain,
    computed_columns = property(_closed)
    computed_columns_default_persisted = property(_closed)
    computed_columns_reflect_persisted = property(_closed)
    computed_columns_stored = property(_closed)
    computed_columns_virtual = property(_closed)
    expression_server_defaults = property(_closed)
    # no numbering,
    identity_columns = property(_closed)
    identity_columns_standard = property(_closed)
    sequences = property(_closed)
    sequences_optional = property(_closed)
    # and never no columns at all: each has region and Identifier.
    reflect_tables_no_columns = property(_closed)

    # There is no DDL: what the suite creates and drops is registered with the endpoint by the suite's own dialect.
    create_or_replace_view = property(_closed)
    create_table_as = property(_closed)
    default_schema_name_switch = property(_closed)
    schema_create_delete = property(_closed)
    table_ddl_if_exists = property(_closed)
    # The views that there are list the resources of a type; nobody can make another.
    materialized_views = property(_closed)
    materialized_views_reflect_pk = property(_closed)
    view_column_reflection = property(_closed)
    view_reflection = property(_closed)
    views = property(_closed)
    # No resource belongs to a connection.
    create_temp_table_as = property(_closed)
    has_temp_table = property(_closed)
    temp_table_comment_reflection = property(_closed)
    temp_table_names = property(_closed)
    temp_table_reflect_indexes = property(_closed)
    temp_table_reflection = property(_closed)
    temporary_tables = property(_closed)
    temporary_views = property(_closed)
    # Services have names of letters, digits and underscores.
    percent_schema_names = property(_closed)

    # Values are JSON, which has no bytes,
    binary_comparisons = property(_closed)
    binary_literals = property(_closed)
    json_deserializer_binary = property(_closed)
    # and no dates but as text,
    window_range_non_numeric = property(_closed)
    # and whose numbers are read as floats of 64 bits: without infinity, and with 15 digits that are certain.
    infinity_floats = property(_closed)
    numeric_received_as_decimal_untyped = property(_closed)
    precision_numerics_many_significant_digits = property(_closed)
    precision_numerics_retains_significant_digits = property(_closed)

    # How Cloud Control works: an INSERT says at least in which region,
    empty_inserts = property(_closed)
    empty_inserts_executemany = property(_closed)
    # an identifier is text, also where the key is a number, and keys come by RETURNING,
    dbapi_lastrowid = property(_closed)
    implements_get_lastrowid = property(_closed)
    # an UPDATE asks for nothing, and counts nothing, where a resource is as it is to be already,
    sane_multi_rowcount = property(_closed)
    sane_rowcount = property(_closed)
    # and there are no transactions.
    autocommit = property(_closed)  # the suite wants to turn it off
    savepoints = property(_closed)
    skip_autocommit_rollback = property(_closed)  # as above
    two_phase_transactions = property(_closed)
    # A statement that changes resources stands for itself, not in WITH: each of its requests takes its time, and stays.
    ctes_on_dml = property(_closed)

    # What the driver does in another way: every cursor streams, so none is another kind of cursor,
    server_side_cursors = property(_closed)
    # executemany gives the rows of RETURNING, so SQLAlchemy need not make one statement of many,
    insertmanyvalues = property(_closed)
    # and names are told as they are written.
    denormalized_names = property(_closed)

    def get_isolation_levels(self, config: object) -> dict[str, object]:
        """The default and what there is."""
        return {"default": "AUTOCOMMIT", "supported": ["AUTOCOMMIT"]}

    def get_order_by_collation(self, config: object) -> str:
        """The engine's own order: by code points."""
        return "POSIX"
