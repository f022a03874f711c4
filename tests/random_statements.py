"""Random SELECTs over a few types whose resources name each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

REGIONS = ("us-east-1", "eu-west-1")
NAMES = ("alpha", "beta", "gamma", "delta")

#: Table → its columns of text beside region and Identifier, of numbers, and of JSON.
TABLES = {
    "awscc.glue.workflows": (("name", "description"), ("max_concurrent_runs",), ("tags",)),
    "awscc.ssm.parameters": (("name", "value", "description"), (), ()),
    "awscc.iam.roles": (("role_name", "arn", "description"), ("max_session_duration",), ("managed_policy_arns",)),
    "awscc.lambda.functions": (("function_name", "role", "description"), ("memory_size",), ()),
    "awscc.apigateway.rest_apis": (("rest_api_id", "name", "description"), (), ()),
    "awscc.apigateway.models": (("rest_api_id", "name", "description"), (), ()),
}
LISTS = {
    "awscc.glue.workflows_list_only": ("name",),
    "awscc.ssm.parameters_list_only": ("name",),
    "awscc.iam.roles_list_only": ("role_name",),
    "awscc.lambda.functions_list_only": ("function_name",),
    "awscc.apigateway.rest_apis_list_only": ("rest_api_id",),
}
#: Lists that take a parent.
CHILD_LISTS = {"awscc.apigateway.models_list_only": ("rest_api_id", "name")}


@dataclass(frozen=True)
class Item:
    """A table in FROM: its alias, and its columns of each kind as expressions."""

    alias: str
    regions: tuple[str, ...]
    texts: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.regions, *self.texts, *self.numbers)


class Statements:
    """Writes one random statement."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._aliases = 0
        self._ctes: list[str] = []
        self._cte_items: list[Item] = []
        self._depth = 0

    def one(self, choices: Sequence[str]) -> str:
        return self._random.choice(choices)

    def maybe(self, chances: int = 2) -> bool:
        """True once in so many times."""
        return self._random.randrange(chances) == 0

    def alias(self, letter: str) -> str:
        self._aliases += 1
        return f"{letter}{self._aliases}"

    # Expressions

    def text(self, items: Sequence[Item]) -> str:
        """An expression over text columns of ``items`` that gives text and never fails."""
        columns = [column for item in items for column in item.texts]
        if not columns:
            return self.literal()
        column, other = self.one(columns), self.one(columns)
        templates = [
            "{0}", "{0}", "{0}", "{0}", "{0}", "{0}",
            "split_part({0}, '/', -1)", "split_part({0}, '/', -1)", "split_part({0}, ',', 1)",
            "lower({0})",
            "coalesce({0}, {1})", "coalesce({0}, 'beta')", "{0} || ''", "concat({0}, '')", "nullif({0}, 'alpha')",
            "CASE WHEN {1} = 'beta' THEN {0} ELSE 'alpha' END",
            "CASE {1} WHEN 'alpha' THEN {0} WHEN 'beta' THEN {1} END",
            "replace({0}, 'beta', 'alpha')", "CAST({0} AS VARCHAR)", "left({0}, 5)", "{0}[1:5]", "trim({0})",
            "greatest({0}, {1})", "regexp_extract({0}, '[a-z]+$')", "regexp_replace({0}, '^.*/', '')",
            "[{0}, {1}][1]", "{{'k': {0}}}.k", "ifnull({0}, {1})", "coalesce(TRY_CAST({0} AS INTEGER)::VARCHAR, {0})",
            "upper(lower({0}))", "string_split({0}, ',')[1]",
            "list_extract(string_split({0}, ','), 2)", "substring({0} FROM 1 FOR 5)", "if({1} IS NULL, {0}, {1})",
            "'gamma'",
        ]  # fmt: skip
        return self.one(templates).format(column, other)

    def literal(self) -> str:
        return self.one([f"'{name}'" for name in (*NAMES, "absent")])

    def region(self, items: Sequence[Item]) -> str:
        columns = [column for item in items for column in item.regions]
        if columns and not self.maybe(4):
            return self.one(columns)
        return self.one([f"'{region}'" for region in REGIONS])

    def predicate(self, items: Sequence[Item], depth: int = 0) -> str:
        kind = self._random.randint(0, 17 if depth < 2 else 9)
        columns = [column for item in items for column in (*item.texts, *item.regions)]
        if not columns:
            return "true"
        column, other = self.one(columns), self.one(columns)
        match kind:
            case 0 | 1:
                return f"{column} = {self.literal()}"
            case 2:
                return f"{column} IN ({self.literal()}, {self.literal()})"
            case 3:
                return f"{column} LIKE '{self.one(['a%', '%a', '%eta', '%'])}'"
            case 4:
                return f"{column} IS {self.one(['', 'NOT '])}NULL"
            case 5:
                return f"{column} {self.one(['<>', '<', '>=', 'IS DISTINCT FROM'])} {self.literal()}"
            case 6:
                return f"{column} = {other}"
            case 7:
                return f"length({self.text(items)}) > 4"
            case 8:
                numbers = [number for item in items for number in item.numbers]
                return f"{self.one(numbers)} > {self.one(['1', '3600', '300'])}" if numbers else f"{column} <> ''"
            case 9:
                return f"{self.region(items)} = {self.region(items)}"
            case 10 | 11:
                return f"({self.predicate(items, depth + 1)} AND {self.predicate(items, depth + 1)})"
            case 12 | 13:
                return f"({self.predicate(items, depth + 1)} OR {self.predicate(items, depth + 1)})"
            case 14:
                return f"NOT ({self.predicate(items, depth + 1)})"
            case 15 if self._depth < 2:
                return f"{self.text(items)} {self.one(['', 'NOT '])}IN ({self.column_query(items)})"
            case 16 if self._depth < 2:
                return f"{self.one(['', 'NOT '])}EXISTS ({self.keyed_query(items)})"
            case 17 if self._depth < 2:
                return f"{self.text(items)} = ({self.scalar_query(items)})"
        return f"{column} <> 'gamma'"

    # Queries in expressions

    def keyed(self, items: Sequence[Item]) -> tuple[str, Item, str]:
        """A get table, as an item, and what ties it to ``items``."""
        name = self.one(list(TABLES))
        alias = self.alias("g")
        item = self.get_item(name, alias)
        return name, item, self.tie(name, alias, items)

    def tie(self, name: str, alias: str, items: Sequence[Item]) -> str:
        region = f"{alias}.region = {self.region(items)}"
        if name.endswith("models"):
            parent = [c for item in items for c in item.texts if c.endswith("rest_api_id")]
            if parent and not self.maybe(4):
                return f"{region} AND {alias}.rest_api_id = {self.one(parent)} AND {alias}.name = {self.text(items)}"
            return f"{region} AND {alias}.Identifier = concat({self.text(items)}, '|', {self.text(items)})"
        if name.endswith("rest_apis"):
            parent = [c for item in items for c in item.texts if c.endswith("rest_api_id")]
            if parent:
                return f"{region} AND {alias}.Identifier = {self.one(parent)}"
        own = self.one(["Identifier", "Identifier", "Identifier", TABLES[name][0][0]])
        how = self._random.randint(0, 11)
        value = self.text(items)
        match how:
            case 0:
                return f"{region} AND {alias}.{own} IN ({value}, {self.text(items)})"
            case 1:
                return f"{region} AND ({alias}.{own} = {value} OR {alias}.{own} = {self.text(items)})"
            case 2:
                return f"({alias}.region, {alias}.{own}) = ({self.region(items)}, {value})"
            case 3 if self._depth < 2:
                return f"{region} AND {alias}.{own} IN ({self.column_query(items)})"
            case 4:
                return f"{region} AND {alias}.{own} IS NOT DISTINCT FROM {value}"
            case 5:
                more = self.predicate([*items, self.get_item(name, alias)], 2)
                return f"{region} AND {alias}.{own} = {value} AND {more}"
            case 6:
                other = f"{alias}.region = {self.region(items)} AND {alias}.{own} = {self.text(items)}"
                return f"({region} AND {alias}.{own} = {value}) OR ({other})"
        return f"{region} AND {alias}.{own} = {value}"

    def get_item(self, name: str, alias: str) -> Item:
        texts, numbers, documents = TABLES[name]
        values = tuple(f"{alias}.{text}" for text in ("Identifier", *texts))
        lists = tuple(f"CAST({alias}.{document} AS VARCHAR[])" for document in documents if document.endswith("arns"))
        return Item(alias, (f"{alias}.region",), values, tuple(f"{alias}.{number}" for number in numbers), lists)

    def column_query(self, items: Sequence[Item]) -> str:
        """A query for one column of text."""
        self._depth += 1
        try:
            if self.maybe(3):
                name, item, tie = self.keyed(items if self.maybe(3) else ())
                return f"SELECT {self.text([item])} FROM {name} AS {item.alias} WHERE {tie}"
            clause, own = self.base(items if self.maybe(3) else ())
            return f"SELECT {self.text([own])} FROM {clause} WHERE {self.predicate([own], 1)}"
        finally:
            self._depth -= 1

    def keyed_query(self, items: Sequence[Item]) -> str:
        self._depth += 1
        try:
            name, item, tie = self.keyed(items)
            where = f" AND {self.predicate([*items, item], 1)}" if self.maybe() else ""
            return f"SELECT 1 FROM {name} AS {item.alias} WHERE ({tie}){where}"
        finally:
            self._depth -= 1

    def scalar_query(self, items: Sequence[Item]) -> str:
        self._depth += 1
        try:
            aggregate = self.one(["max", "min", "min"])
            if self.maybe():
                name, item, tie = self.keyed(items)
                return f"SELECT {aggregate}({self.text([item])}) FROM {name} AS {item.alias} WHERE {tie}"
            clause, own = self.base(())
            return f"SELECT {aggregate}({self.text([own])}) FROM {clause} WHERE {self.predicate([own], 1)}"
        finally:
            self._depth -= 1

    # FROM

    def base(self, items: Sequence[Item]) -> tuple[str, Item]:
        """A table whose rows do not depend on others."""
        alias = self.alias("b")
        kind = self._random.randint(0, 12)
        if kind == 0:
            values = ", ".join(
                f"({self.region(())}, {self.one([self.literal(), 'NULL'])}, {self.literal()})"
                for _ in range(self._random.randint(1, 3))
            )
            return f"(VALUES {values}) AS {alias}(region, k, l)", Item(
                alias, (f"{alias}.region",), (f"{alias}.k", f"{alias}.l")
            )
        if kind == 1:
            listed = ", ".join(self.literal() for _ in range(self._random.randint(1, 3)))
            return f"(SELECT unnest([{listed}]) AS k) AS {alias}", Item(alias, (), (f"{alias}.k",))
        if kind == 2 and self._cte_items:
            cte = self._random.choice(self._cte_items)
            own = tuple(column.replace(f"{cte.alias}.", f"{alias}.", 1) for column in cte.texts)
            return f"{cte.alias} AS {alias}", Item(alias, (f"{alias}.region",), own)
        if kind in (3, 4):
            name = self.one([name for name in TABLES if "apigateway" not in name])
            texts, numbers, _ = TABLES[name]
            named = f"Identifier IN ({self.literal()}, {self.literal()})"
            where = f"region IN ({self.region(())}, {self.region(())}) AND {named}"
            item = Item(
                alias,
                (f"{alias}.region",),
                tuple(f"{alias}.{text}" for text in ("Identifier", *texts)),
                tuple(f"{alias}.{number}" for number in numbers),
            )
            return f"(SELECT * FROM {name} WHERE {where}) AS {alias}", item
        if kind == 5:
            return self.derived(alias)
        if kind == 6:
            # A list by parents that another list tells.
            inner = self.alias("p")
            clause = (
                f"(SELECT {inner}m.* FROM awscc.apigateway.rest_apis_list_only {inner} "
                f"JOIN awscc.apigateway.models_list_only {inner}m ON {inner}m.region = {inner}.region "
                f"AND {inner}m.rest_api_id = {inner}.rest_api_id WHERE {inner}.region = {self.region(())}) AS {alias}"
            )
            return clause, Item(
                alias, (f"{alias}.region",), (f"{alias}.Identifier", f"{alias}.rest_api_id", f"{alias}.name")
            )
        name = self.one(list(LISTS))
        regions = self.one([f"= {self.region(())}", f"IN {REGIONS}"])
        item = Item(alias, (f"{alias}.region",), tuple(f"{alias}.{text}" for text in ("Identifier", *LISTS[name])))
        return f"(SELECT * FROM {name} WHERE region {regions}) AS {alias}", item

    def derived(self, alias: str) -> tuple[str, Item]:
        """A derived table, with a query over other tables."""
        if self._depth > 1:
            return f"(SELECT 'us-east-1' AS region, 'alpha' AS k, 'beta' AS l) AS {alias}", Item(
                alias, (f"{alias}.region",), (f"{alias}.k", f"{alias}.l")
            )
        return f"({self.shaped()}) AS {alias}", Item(alias, (f"{alias}.region",), (f"{alias}.k", f"{alias}.l"))

    def shaped(self) -> str:
        """A query with the columns region, k and l."""
        self._depth += 1
        try:
            return self._shaped()
        finally:
            self._depth -= 1

    def _shaped(self) -> str:
        def select(where: bool = True) -> tuple[str, str, str, str]:
            clause, items = self.joined(self._random.randint(0, 2))
            conditions = f" WHERE {self.predicate(items)}" if where and self.maybe() else ""
            return self.region(items), self.text(items), self.text(items), f"{clause}{conditions}"

        region, k, l, clause = select()  # noqa: E741
        plain = f"SELECT {region} AS region, {k} AS k, {l} AS l FROM {clause}"
        match self._random.randint(0, 12):
            case 0:
                return f"SELECT DISTINCT {plain[7:]}"
            case 1:
                return f"SELECT region, k, max(l) AS l FROM ({plain}) GROUP BY region, k"
            case 2:
                having = "max(l) <> 'alpha' OR count(*) > 1"
                return f"SELECT region, k, max(l) AS l FROM ({plain}) GROUP BY ALL HAVING {having}"
            case 3:
                return f"FROM ({plain}) ORDER BY ALL LIMIT {self._random.randint(1, 3)}"
            case 4:
                other = select()
                union = self.one(["UNION", "UNION ALL", "EXCEPT", "INTERSECT"])
                return f"{plain} {union} SELECT {other[0]}, {other[1]}, {other[2]} FROM {other[3]}"
            case 5:
                window = f"PARTITION BY {self.one(['region', 'k', 'l'])} ORDER BY region, k, l"
                return f"FROM ({plain}) QUALIFY row_number() OVER ({window}) = 1"
            case 6:
                return f"SELECT region, k, max(l) OVER (PARTITION BY {self.one(['region', 'k'])}) AS l FROM ({plain})"
            case 7:
                return f"SELECT DISTINCT ON (k) region, k, l FROM ({plain}) ORDER BY ALL"
            case 8:
                return f"SELECT max(region) AS region, max(k) AS k, min(l) AS l FROM ({plain})"
            case 9:
                return f"SELECT region, unnest([k, l, 'gamma']) AS k, l FROM ({plain})"
        return plain

    def joined(self, joins: int) -> tuple[str, list[Item]]:
        """Tables joined, and their items."""
        clause, item = self.base(())
        items = [item]
        for _ in range(joins):
            clause, items = self._with_join(clause, items)
        return clause, items

    def _with_join(self, clause: str, items: list[Item]) -> tuple[str, list[Item]]:
        kind = self._random.randint(0, 20)
        lists = [each for item in items for each in item.lists]
        if kind == 0:
            other, item = self.base(())
            return f"{clause}, {other}", [*items, item]
        if kind == 1:
            other, item = self.base(())
            how = self.one(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
            return f"{clause} {how} {other} ON {self.text(items)} = {self.text([item])}", [*items, item]
        if kind == 2 and lists:
            alias = self.alias("u")
            unnested = f"(SELECT unnest({self.one(lists)}) AS k)"
            return f"{clause}, LATERAL {unnested} AS {alias}", [*items, Item(alias, (), (f"{alias}.k",))]
        if kind == 3:
            alias = self.alias("u")
            unnested = f"(SELECT unnest(string_split({self.text(items)}, ',')) AS k)"
            return f"{clause}, LATERAL {unnested} AS {alias}", [*items, Item(alias, (), (f"{alias}.k",))]
        if kind == 4:
            alias = self.alias("u")
            unnested = f"unnest(string_split({self.text(items)}, ',')) AS {alias}(k)"
            return f"{clause}, {unnested}", [*items, Item(alias, (), (f"{alias}.k",))]
        name, item, tie = self.keyed(items)
        table = f"{name} AS {item.alias}"
        if kind in (5, 6):
            extra = f" AND {self.predicate([*items, item], 2)}" if self.maybe() else ""
            return f"{clause} LEFT JOIN {table} ON ({tie}){extra}", [*items, item]
        if kind == 7:
            return f"{clause} RIGHT JOIN {table} ON {tie}", [*items, item]
        if kind == 8:
            return f"{clause} FULL JOIN {table} ON {tie}", [*items, item]
        if kind == 9:
            extra = f" AND {self.predicate([*items, item], 2)}" if self.maybe() else ""
            return f"{clause} SEMI JOIN {table} ON ({tie}){extra}", items
        if kind == 10:
            extra = f" AND {self.predicate([*items, item], 2)}" if self.maybe() else ""
            return f"{clause} ANTI JOIN {table} ON ({tie}){extra}", items
        if kind == 11:
            inner = f"(SELECT * FROM {table} WHERE {tie}) AS {item.alias}"
            how = self.one([", LATERAL", " JOIN LATERAL", " LEFT JOIN LATERAL"])
            return f"{clause}{how} {inner}{'' if how.startswith(',') else ' ON true'}", [*items, item]
        if kind == 12:
            alias = self.alias("a")
            inner = f"(SELECT max({self.text([item])}) AS k, count(*) AS n FROM {table} WHERE {tie}) AS {alias}"
            return f"{clause}, LATERAL {inner}", [*items, Item(alias, (), (f"{alias}.k",), (f"{alias}.n",))]
        if kind == 13:
            where = f" WHERE {self.predicate([item], 1)}"
            inner = f"(SELECT * FROM {table}{where}) AS {item.alias}"
            return f"{clause} {self.one(['JOIN', 'LEFT JOIN'])} {inner} ON {tie}", [*items, item]
        if kind == 14:
            how = self.one(["JOIN", "LEFT JOIN", "RIGHT JOIN"])
            # Without parentheses, which may stand around a join, but not around a table alone.
            swapped = f"{table} {self.one(['JOIN', 'LEFT JOIN', 'RIGHT JOIN'])} {clause} ON {tie}"
            return swapped if how == "JOIN" and len(items) == 1 else f"{clause} {how} {table} ON {tie}", [*items, item]
        extra = f" AND {self.predicate([*items, item], 2)}" if self.maybe(3) else ""
        return f"{clause} JOIN {table} ON ({tie}){extra}", [*items, item]

    # The statement

    def statement(self) -> str:
        for _ in range(self._random.choice([0, 0, 0, 1, 2])):
            name = self.alias("c")
            query = self.shaped()
            materialized = self.one(["", "", "MATERIALIZED ", "NOT MATERIALIZED "])
            self._ctes.append(f"{name} AS {materialized}({query})")
            self._cte_items.append(Item(name, (f"{name}.region",), (f"{name}.k", f"{name}.l")))
        with_clause = f"WITH {', '.join(self._ctes)} " if self._ctes else ""
        if self.maybe(4):
            return f"{with_clause}{self.using()}"
        if self.maybe(3):
            return f"{with_clause}{self.shaped()}"
        clause, items = self.joined(self._random.randint(1, 3))
        where = f" WHERE {self.predicate(items)}" if self.maybe() else ""
        columns = [column for item in items for column in item.columns]
        selected = ", ".join(self.one(columns) for _ in range(self._random.randint(1, 4)))
        if self.maybe(4):
            selected += f", ({self.scalar_query(items)})"
        if self.maybe(5):
            selected += f", {self.text(items)} IN ({self.column_query(items)})"
        match self._random.randint(0, 9):
            case 0:
                return f"{with_clause}SELECT DISTINCT {selected} FROM {clause}{where}"
            case 1:
                return f"{with_clause}SELECT count(*), max({self.text(items)}) FROM {clause}{where}"
            case 2:
                return f"{with_clause}SELECT {self.text(items)} AS g, count(*) FROM {clause}{where} GROUP BY 1"
            case 3:
                return f"{with_clause}SELECT {selected} FROM {clause}{where} ORDER BY ALL LIMIT 3"
            case 4:
                inner = f"SELECT {self.text(items)} AS k FROM {clause}{where}"
                return f"{with_clause}SELECT k, count(*) FROM ({inner}) AS virtual_table GROUP BY k"
        return f"{with_clause}SELECT {selected} FROM {clause}{where}"

    def using(self) -> str:
        """Joins by the names of columns."""
        get = self.one([name for name in TABLES if "apigateway" not in name])
        other = self.one([name for name in TABLES if "apigateway" not in name])
        driver = self.one([name for name in LISTS if "apigateway" not in name])
        regions = self.one(
            ["region = 'us-east-1'", f"region IN {REGIONS}", "Identifier <> 'x' AND region = 'eu-west-1'"]
        )
        how = self.one(["JOIN", "LEFT JOIN", "RIGHT JOIN", "SEMI JOIN", "ANTI JOIN", "FULL JOIN"])
        where = self.one(["", " WHERE Identifier LIKE '%a'", " WHERE region = 'us-east-1'"])
        left = f"(SELECT * FROM {driver} WHERE {regions})"
        narrow = f"(SELECT region, Identifier, description FROM {get})"
        match self._random.randint(0, 5):
            case 0:
                return f"SELECT region, Identifier FROM {left} AS l {how} {get} AS g USING (region, Identifier){where}"
            case 1:
                return f"SELECT region, Identifier FROM {get} AS g {how} {left} AS l USING (Identifier, region){where}"
            case 2:
                return f"SELECT count(*) FROM {left} AS l NATURAL JOIN {narrow} AS g{where}"
            case 3:
                joined = f"{left} AS l JOIN {get} AS g USING (region, Identifier)"
                inner = f"SELECT region, description AS Identifier FROM {joined}"
                return f"SELECT * FROM ({inner}) AS i {how} {narrow} AS n USING (region, Identifier){where}"
            case 4:
                return (
                    f"SELECT region, Identifier FROM {left} AS l {how} {get} AS g USING (region, Identifier) "
                    f"JOIN {other} AS o USING (region, Identifier){where}"
                )
        return (
            f"SELECT a.Identifier, b.description FROM {left} AS l JOIN {get} AS a USING (region, Identifier) "
            f"{how.replace('SEMI JOIN', 'JOIN').replace('ANTI JOIN', 'JOIN')} {get} AS b "
            f"ON b.region = a.region AND b.Identifier = a.description{where.replace('WHERE ', 'WHERE a.')}"
        )


def statements() -> st.SearchStrategy[str]:
    return st.randoms(use_true_random=False).map(lambda random: Statements(random).statement())
