"""The words that have a meaning to this reader. To DuckDB there are many more."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Words after which an operand may stand and that are never names: DuckDB reserves them.
RESERVED_BEFORE_OPERAND = _words(
    "ALL AND BOTH CASE DISTINCT ELSE FOR FROM HAVING IN LEADING LIMIT NOT OFFSET ON OR PLACING QUALIFY RETURNING "
    "SELECT THEN TRAILING USING WHEN WHERE"
)

#: Words after which an operand may stand, but which may also be names.
BEFORE_OPERAND = RESERVED_BEFORE_OPERAND | _words(
    "BETWEEN BY DISTANCE ESCAPE FIRST GLOB GROUPS IF ILIKE LIKE NEXT RANGE REPLACE ROWS SIMILARITY TO ZONE"
)

#: What a statement that only reads begins with.
READS = _words("FROM PIVOT_LONGER SELECT TABLE UNPIVOT VALUES WITH")

#: What the statements that change something begin with.
WRITES = _words("DELETE INSERT UPDATE")

_DDL = "resource types belong to AWS and are not defined by SQL; their resources are made with INSERT"
_ENGINE = "it would act on the embedded engine, not on AWS; a connection is set up by the arguments of connect()"
_FILES = "statements neither read nor write files; fetch the rows and write them from Python"
_TRANSACTION = "Cloud Control has no transactions; each statement takes effect at once"
_PREPARED = "pass parameters to execute() with ? or :name instead"
_PIVOT = "write SELECT … FROM t PIVOT (sum(x) FOR y IN ('a', 'b')) instead"
_METADATA = "it is a statement of its own; a query can read awscc.information_schema.columns"

#: The first words of statements that are none of ours, and what to do instead.
UNSUPPORTED = {
    **dict.fromkeys(_words("ALTER COMMENT CREATE DROP"), _DDL),
    **dict.fromkeys(
        _words(
            "ANALYSE ANALYZE ATTACH CALL CHECKPOINT CONNECT DETACH DISCONNECT INSTALL LOAD PRAGMA RESET SET USE VACUUM"
        ),
        _ENGINE,
    ),
    **dict.fromkeys(_words("COPY EXPORT IMPORT"), _FILES),
    **dict.fromkeys(_words("ABORT BEGIN COMMIT END ROLLBACK SAVEPOINT START"), _TRANSACTION),
    **dict.fromkeys(_words("DEALLOCATE EXECUTE PREPARE"), _PREPARED),
    **dict.fromkeys(_words("PIVOT PIVOT_WIDER"), _PIVOT),
    **dict.fromkeys(_words("DESC DESCRIBE SHOW"), _METADATA),
    "EXPLAIN": "it stands before a SELECT: EXPLAIN SELECT …, or EXPLAIN ANALYZE SELECT …",
    "SUMMARIZE": "SELECT from the table instead, with LIMIT 0 to see its columns",
    **dict.fromkeys(
        ("AUTH", "REGISTRY"), "it is a command of StackQL; credentials come from the connection, all types are there"
    ),
    "MERGE": "write INSERT, UPDATE and DELETE one by one",
    "REPLACE": "write INSERT for a new resource, UPDATE for one that exists",
    "TRUNCATE": "write DELETE FROM … WHERE region = … AND Identifier IN (…)",
}

#: Words that begin a further clause of a query. DuckDB reserves them, so in an expression they are in brackets.
CLAUSES = _words(
    "EXCEPT FETCH FROM GROUP HAVING INTERSECT INTO LIMIT OFFSET ORDER QUALIFY RETURNING SELECT "
    "TABLESAMPLE UNION USING WHERE WINDOW"
)

KEYWORDS = (
    BEFORE_OPERAND
    | READS
    | WRITES
    | CLAUSES
    | UNSUPPORTED.keys()
    | _words("AS CONFLICT DEFAULT KEY MATERIALIZED RECURSIVE")
)
