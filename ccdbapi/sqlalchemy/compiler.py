"""SQLAlchemy's expressions in DuckDB's SQL, which is that of PostgreSQL but for what is here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NoReturn, cast

from sqlalchemy import types as sqltypes
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGTypeCompiler
from sqlalchemy.exc import CompileError
from sqlalchemy.sql import Delete, Insert, Update
from sqlalchemy.sql.base import _select_iterables
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, ColumnClause, ColumnElement
from sqlalchemy.sql.selectable import CompoundSelect, TableClause

from ccdbapi.sqlalchemy.version import BEFORE_2

#: What cannot stand in a word, or at its beginning.
_NO_WORD = re.compile(r"^\d|[^A-Za-z0-9_]")

# What the visitor methods take differs between the versions of SQLAlchemy, hence Any.


class AwsccCompiler(PGCompiler):
    """Compiles statements."""

    def visit_column(self, column: ColumnClause[Any], *args: Any, **kw: Any) -> str:
        """In UPDATE and DELETE the table that is written goes by its own name, without its schema."""
        statement = self.stack[0]["selectable"] if self.stack else None
        written = statement.table if isinstance(statement, Update | Delete) else None
        if (
            not isinstance(written, TableClause)
            or not isinstance(column.table, TableClause)
            or column.table.fullname != written.fullname
            or not kw.get("include_table", True)
        ):
            return str(super().visit_column(column, *args, **kw))
        kw["include_table"] = False
        return f"{self.preparer.quote(written.name)}.{super().visit_column(column, *args, **kw)}"

    def bindparam_string(self, name: str, *args: Any, **kw: Any) -> str:
        """The driver's ``:name`` is a word: what else a parameter's name has, goes by its number in Unicode."""
        word = _NO_WORD.sub(lambda found: f"_{ord(found[0]):x}_", name)
        if word != name and not self.positional and not kw.get("escaped_from"):
            kw["escaped_from"], name = name, word
        return str(super().bindparam_string(name, *args, **kw))

    def visit_json_getitem_op_binary(  # type: ignore[override]  # PostgreSQL's has a parameter for itself
        self, binary: BinaryExpression[Any], operator: object, **kw: Any
    ) -> str:
        """``column[key]`` by DuckDB's functions, since its arrows bind more loosely than most operators.

        Keys are literals: an expression in GROUP BY is the one in SELECT only if it has the same constants.
        """
        constant = {"literal_execute": True} if isinstance(binary.right, BindParameter) else {}
        value, key = self.process(binary.left, **kw), self.process(binary.right, **kw, **constant)
        affinity = binary.type._type_affinity
        if affinity is sqltypes.JSON:
            return f"json_extract({value}, {key})"
        text = f"json_extract_string({value}, {key})"
        if affinity is sqltypes.String:
            return text
        return f"CAST({text} AS {self.dialect.type_compiler.process(binary.type)})"

    def visit_json_path_getitem_op_binary(  # type: ignore[override]  # as above
        self, binary: BinaryExpression[Any], operator: object, **kw: Any
    ) -> str:
        """``column[(key, index, …)]``."""
        return self.visit_json_getitem_op_binary(binary, operator, **kw)

    def visit_getitem_binary(self, binary: BinaryExpression[Any], operator: object, **kw: Any) -> str:
        """``array[index]``: a number, since DuckDB would read the colon of a parameter as one between two indexes."""
        return f"{self.process(binary.left, **kw)}[{self.process(binary.right, **kw, literal_execute=True)}]"

    def visit_array(self, element: Any, **kw: Any) -> str:
        """``array([…])`` by a function, in whose parentheses a colon is that of a parameter and nothing else."""
        return f"list_value({self.visit_clauselist(element, **kw)})"

    def visit_try_cast(self, cast: Any, **kw: Any) -> str:
        """``try_cast()``: NULL for what is no such value."""
        return f"TRY_CAST({self.process(cast.clause, **kw)} AS {self.process(cast.typeclause, **kw)})"

    def visit_between_op_binary(self, binary: BinaryExpression[Any], operator: object, **kw: Any) -> str:
        """Raises `CompileError` for SYMMETRIC."""
        _check_bounds(binary)
        return str(super().visit_between_op_binary(binary, operator, **kw))

    def visit_not_between_op_binary(self, binary: BinaryExpression[Any], operator: object, **kw: Any) -> str:
        """Raises `CompileError` for SYMMETRIC."""
        _check_bounds(binary)
        return str(super().visit_not_between_op_binary(binary, operator, **kw))

    def visit_regexp_match_op_binary(self, binary: BinaryExpression[Any], operator: object, **kw: Any) -> str:
        """Anywhere in the text, where DuckDB's own ``~`` wants the whole of it to match."""
        parts = [self.process(binary.left, **kw), self.process(binary.right, **kw)]
        flags = binary.modifiers["flags"]
        if flags is not None:
            parts.append(self.render_literal_value(flags, sqltypes.String()))
        return f"regexp_matches({', '.join(parts)})"

    def visit_not_regexp_match_op_binary(self, binary: BinaryExpression[Any], operator: object, **kw: Any) -> str:
        """See `visit_regexp_match_op_binary`."""
        return f"NOT {self.visit_regexp_match_op_binary(binary, operator, **kw)}"

    def visit_bitwise_xor_op_binary(self, binary: BinaryExpression[Any], operator: object, **kw: Any) -> str:
        """DuckDB has no operator for it."""
        return f"xor({self.process(binary.left, **kw)}, {self.process(binary.right, **kw)})"

    def order_by_clause(self, select: Any, **kw: Any) -> str:
        """ORDER BY, after the QUALIFY that stands for FETCH FIRST with PERCENT or WITH TIES."""
        qualify = self._qualify(select, **kw) if _fetches_by_rank(select) else ""
        return qualify + str(super().order_by_clause(select, **kw))

    def fetch_clause(self, select: Any, *args: Any, **kw: Any) -> str:
        """FETCH FIRST as LIMIT; see `order_by_clause`."""
        if _fetches_by_rank(select):
            return "" if select._order_by_clauses else self._qualify(select, **kw)
        offset = "" if select._offset_clause is None else f" OFFSET {self.process(select._offset_clause, **kw)}"
        return f"\n LIMIT {self.process(select._fetch_clause, **kw)}{offset}"

    def _qualify(self, select: Any, **kw: Any) -> str:
        """What FETCH FIRST with PERCENT or WITH TIES means, which the engine's LIMIT does not have."""
        if isinstance(select, CompoundSelect) or select._distinct:
            raise CompileError("FETCH FIRST with PERCENT or WITH TIES needs a SELECT without DISTINCT around it.")

        # What stands there twice is compiled twice: SQLAlchemy 1.4 counts parameters (?) as it compiles them.
        def position(function: str) -> str:
            return f"{function}() OVER ({super(AwsccCompiler, self).order_by_clause(select, **kw).strip()})"

        def offset() -> str:
            return "0" if select._offset_clause is None else self.process(select._offset_clause, **kw)

        def size() -> str:
            text = self.process(select._fetch_clause, **kw)
            return f"ceil(count(*) OVER () * {text} / 100)" if select._fetch_clause_options["percent"] else text

        rank = "rank" if select._fetch_clause_options["with_ties"] else "row_number"
        return f"\n QUALIFY {position('row_number')} > {offset()} AND {position(rank)} <= {offset()} + {size()}"

    def returning_clause(self, stmt: Any, returning_cols: Any, **kw: Any) -> str:
        """Without the table's name: the rows are progress events."""
        if not BEFORE_2:
            return str(super().returning_clause(stmt, returning_cols, **kw, include_table=False))
        labelled = (
            self._label_returning_column(
                stmt, column, {"include_table": False}, fallback_label_name=column._non_anon_label
            )
            for column in cast("Iterable[ColumnElement[Any]]", _select_iterables(returning_cols))
        )
        return f"RETURNING {', '.join(labelled)}"

    def visit_cte(self, cte: Any, *args: Any, **kw: Any) -> str | None:
        """Raises `CompileError` for a statement that writes."""
        if isinstance(cte.element, Insert | Update | Delete):
            raise CompileError("A CTE cannot write: execute the statement by itself, with returning().")
        return super().visit_cte(cte, *args, **kw)

    def visit_tablesample(self, tablesample: object, *args: object, **kw: object) -> NoReturn:
        """Raises `CompileError`."""
        raise CompileError("TABLESAMPLE is not supported: AWS lists all resources; use limit(), or filter by random().")

    def for_update_clause(self, select: object, **kw: object) -> NoReturn:
        """Raises `CompileError`."""
        raise CompileError("FOR UPDATE is not supported: Cloud Control locks no resource for a reader.")

    def visit_sequence(self, sequence: object, **kw: object) -> NoReturn:  # type: ignore[override]  # its two bases differ
        """Raises `CompileError`."""
        raise CompileError("Sequences are not supported: AWS makes the identifiers.")

    def visit_match_op_binary(self, binary: object, operator: object, **kw: object) -> NoReturn:
        """Raises `CompileError`."""
        raise CompileError("MATCH is not supported: use like(), ilike() or regexp_match().")

    def visit_on_conflict_do_nothing(self, on_conflict: object, **kw: object) -> NoReturn:
        """Raises `CompileError`."""
        raise CompileError("ON CONFLICT is not supported: insert a new resource, or update one that exists.")

    def visit_on_conflict_do_update(self, on_conflict: object, **kw: object) -> NoReturn:
        """Raises `CompileError`."""
        self.visit_on_conflict_do_nothing(on_conflict)


def _check_bounds(between: BinaryExpression[Any]) -> None:
    if between.modifiers.get("symmetric"):
        raise CompileError("BETWEEN SYMMETRIC is not supported: order the bounds with least() and greatest().")


def _fetches_by_rank(select: Any) -> bool:
    return select._fetch_clause is not None and any(select._fetch_clause_options.values())


class AwsccTypeCompiler(PGTypeCompiler):
    """Compiles types, by the names that DuckDB shows."""

    def visit_FLOAT(self, type_: sqltypes.Float[Any], **kw: object) -> str:
        """DOUBLE, as in the other dialects: DuckDB's FLOAT has 24 bits."""
        return "FLOAT" if type_.precision is not None and type_.precision <= 24 else "DOUBLE"

    def visit_DOUBLE(self, type_: object, **kw: object) -> str:
        """``DOUBLE``."""
        return "DOUBLE"

    def visit_DOUBLE_PRECISION(self, type_: object, **kw: object) -> str:
        """``DOUBLE``."""
        return "DOUBLE"

    def visit_TIMESTAMP(self, type_: sqltypes.TIMESTAMP, **kw: object) -> str:
        """``TIMESTAMP``, also ``WITH TIME ZONE``; without a precision, which is always microseconds."""
        return "TIMESTAMP WITH TIME ZONE" if type_.timezone else "TIMESTAMP"

    def visit_TIME(self, type_: sqltypes.Time, **kw: object) -> str:
        """As `visit_TIMESTAMP`."""
        return "TIME WITH TIME ZONE" if type_.timezone else "TIME"

    def visit_INTERVAL(self, type_: object, **kw: object) -> str:
        """``INTERVAL``, also without a precision."""
        return "INTERVAL"

    def visit_CLOB(self, type_: object, **kw: object) -> str:
        """``VARCHAR``, which has no limit."""
        return "VARCHAR"

    def visit_BYTEA(self, type_: object, **kw: object) -> str:
        """``BLOB``."""
        return "BLOB"

    def visit_JSONB(self, type_: object, **kw: object) -> str:
        """``JSON``."""
        return "JSON"

    def _unknown_type(self, type_: Any, **kw: object) -> NoReturn:
        raise CompileError(f"The engine has no type {type_.__visit_name__}: cast to String or JSON.")

    visit_CIDR = visit_CITEXT = visit_HSTORE = visit_INET = visit_JSONPATH = visit_MACADDR = _unknown_type
    visit_MACADDR8 = visit_MONEY = visit_OID = visit_REGCLASS = visit_REGCONFIG = _unknown_type
    visit_TSQUERY = visit_TSVECTOR = _unknown_type
    visit_DATEMULTIRANGE = visit_INT4MULTIRANGE = visit_INT8MULTIRANGE = visit_NUMMULTIRANGE = _unknown_type
    visit_TSMULTIRANGE = visit_TSTZMULTIRANGE = _unknown_type
    visit_DATERANGE = visit_INT4RANGE = visit_INT8RANGE = visit_NUMRANGE = visit_TSRANGE = visit_TSTZRANGE = (
        _unknown_type
    )
