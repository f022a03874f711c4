"""Tests of the suite's that tables of AWS cannot pass, and that no requirement of SQLAlchemy's closes."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

_ANY = "text is a string to a property that may be anything; JSON has to be cast"
_NULL = "a property is given or it is not: JSON's null is no value of any type's"
_EVERY_COLUMN = "a table has more columns than the suite created: region and Identifier"
_NO_DDL = "CREATE TABLE … AS SELECT and CREATE VIEW make nothing: types belong to AWS"
_NO_INDEX = "resource types have no indexes"
_TEXT = "schemas have no durations: a column of one is text"
_BYTES = "JSON has no bytes"
_UNCHANGED = "an UPDATE asks for nothing, and counts and shows nothing, where a resource is as it is to be already"

#: Class and test, with its parameters where not all of them are meant, as a pattern → why not.
LIMITS: Mapping[str, str] = {
    "ComponentReflectionTest.test_get_indexes*": _NO_INDEX,
    "ComponentReflectionTest.test_get_view_names*": "the suite created no views, and those of every type are for lists",
    "ComponentReflectionTestExtra.test_numeric_reflection": "schemas have no precision of numbers",
    "ComponentReflectionTestExtra.test_server_defaults[[]DateTime-*": "defaults in schemas are values, not functions",
    "ComponentReflectionTestExtra.test_string_length_reflection[[]CHAR-*": "schemas have one kind of text",
    "HasIndexTest.test_has_index*": _NO_INDEX,
    "IntervalTest.test_arithmetic_operation_table_interval_and_literal_interval": _TEXT,
    "IntervalTest.test_literal": _TEXT,
    "IsolationLevelTest.test_dialect_user_setting_is_restored": "there is no second isolation level to choose",
    "JSONTest.test_eval_none_flag_orm": _NULL,
    "JSONTest.test_index_typed_access[[]_decimal*": _ANY,
    "JSONTest.test_index_typed_comparison[[]_decimal*": _ANY,
    "JSONTest.test_path_typed_comparison[[]_decimal*": _ANY,
    "JSONTest.test_round_trip_json_null_as_json_null": _NULL,
    "JSONTest.test_round_trip_none_as_json_null*": _NULL,
    "LongNameBlowoutTest.test_long_convention_name*ix*": _NO_INDEX,
    "NameDenormalizeTest.test_cols_driver_cols*driver_sql*": _EVERY_COLUMN,
    "NameDenormalizeTest.test_cols_driver_cols*text_*": _EVERY_COLUMN,
    "PrecisionIntervalTest.test_arithmetic_operation_table_interval_and_literal_interval": _TEXT,
    "PrecisionIntervalTest.test_literal": _TEXT,
    "QuotedNameArgumentTest.test_get_foreign_keys*": "few schemas say to what a property refers",
    "QuotedNameArgumentTest.test_get_indexes*": _NO_INDEX,
    "ReturningGuardsTest.test_update_single": _UNCHANGED,
    "ReturningTest.test_imv_returning_datatypes*LargeBinary*": _BYTES,
    "RowCountTest.test_multi_update_rowcount": _UNCHANGED,
    "RowCountTest.test_update_rowcount2": _UNCHANGED,
    "ServerSideCursorsTest.test_ss_cursor_status[[]for_update_*": "Cloud Control locks no resource for a reader",
    "SimpleUpdateDeleteTest.test_update_returning_unchanged_rows*": _UNCHANGED,
    "TableViaSelectTest.test_without_metadata*": _NO_DDL,
    "WindowFunctionTest.test_window_range*": "it wants an order of rows, for which it does not ask",
}


def reason_against(name: str) -> str | None:
    """Why the test of this name (class and test, with parameters) is not run; None if it is."""
    return next((reason for pattern, reason in LIMITS.items() if fnmatchcase(name, pattern)), None)
