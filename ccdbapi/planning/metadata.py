"""Plans the statements that ask the catalogue, SHOW and DESCRIBE: their rows come from there, with no call made."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ccdbapi.catalog import ACCOUNT_ALIAS, GENERIC_SERVICE, REGION, Catalog, Column, HandlerName, Table
from ccdbapi.engine.bindings import Bindings
from ccdbapi.engine.view import quote_identifier
from ccdbapi.exceptions import ProgrammingError
from ccdbapi.planning.facts import facts_of
from ccdbapi.planning.permissions import ACTIONS, Policy
from ccdbapi.planning.plan import QueryPlan, RequestOptions
from ccdbapi.planning.queries import QueryPlanner
from ccdbapi.planning.rendering import place, render
from ccdbapi.planning.views import CATALOG
from ccdbapi.planning.writes import writable
from ccdbapi.sql import Describe, SchemaName, Show, ShowInsert, ShowPermissions, Statement, TableName
from ccdbapi.version import __version__

Row = Mapping[str, str | None]

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

#: Operation → the method's name and its verb, as StackQL calls them.
_METHODS: Mapping[HandlerName, tuple[str, str]] = {
    "create": ("create_resource", "INSERT"),
    "read": ("get_resource", "SELECT"),
    "update": ("update_resource", "UPDATE"),
    "delete": ("delete_resource", "DELETE"),
    "list": ("list_resources", "SELECT"),
}


class MetadataPlanner:
    """Plans statements over ``catalog``. ``schema`` is the service where a statement names none."""

    def __init__(self, catalog: Catalog, queries: QueryPlanner, schema: str | None) -> None:
        self._catalog = catalog
        self._queries = queries
        self._schema = schema

    def show(self, statement: Show, bindings: Bindings) -> QueryPlan:
        """The plan of SHOW. Raises `ProgrammingError` for what is not in the catalogue."""
        match statement.subject:
            case "providers":
                columns, rows = _texts("name", "version"), self._providers()
            case "services":
                self._check_provider(statement)
                columns, rows = _texts("id", "name", "title"), self._services()
            case "resources":
                service = self._service(statement)
                columns, rows = _texts("name", "id", "title"), self._resources(service)
                if statement.extended:
                    columns |= _texts("description") | {"operations": "JSON"}
                    rows = self._described(service, rows)
            case "methods":
                table = self._queries.known_table(_table_of(statement), statement.text)
                columns, rows = _texts("MethodName", "RequiredParams", "SQLVerb"), _methods(table)
                if statement.extended:
                    columns |= _texts("operation") | {"permissions": "JSON"}
        return self._told(statement, bindings, columns, rows)

    def describe(self, statement: Describe, bindings: Bindings) -> QueryPlan:
        """The plan of DESCRIBE. Raises as `show` does."""
        table = self._queries.known_table(statement.table, statement.text)
        columns = _texts("name", "type")
        if statement.extended:
            flags = ("nullable", "required", "read_only", "create_only", "write_only")
            columns |= _texts("description") | dict.fromkeys(flags, "BOOLEAN")
        return self._told(statement, bindings, columns, map(_described_column, table.columns))

    def show_insert(self, statement: ShowInsert, bindings: Bindings) -> QueryPlan:
        """The plan of SHOW INSERT. Raises as `show` does, and `NotSupportedError` if the type cannot be created."""
        table = self._queries.known_table(statement.table, statement.text)
        text = insert_template(
            writable(table, "create", place(statement.text, statement.table.position)),
            only_required="required" in statement.hints,
        )
        return self._told(statement, bindings, _texts("statement"), [{"statement": text}])

    def permissions(self, statement: ShowPermissions, bindings: Bindings, policies: Mapping[str, Policy]) -> QueryPlan:
        """The plan of SHOW PERMISSIONS, a row for each principal."""
        rows = [{"policy": json.dumps(policy), "principal": principal} for principal, policy in policies.items()]
        return self._told(statement, bindings, {"policy": "JSON", "principal": "VARCHAR"}, rows)

    def _providers(self) -> Iterable[Row]:
        return [{"name": CATALOG, "version": __version__}]

    def _services(self) -> Iterator[Row]:
        for name in self._catalog.services():
            title = self._catalog.summaries(name)[0].type_name.split("::")[1:2]
            yield {"id": f"{CATALOG}.{name}", "name": name, "title": title[0] if title else "Cloud Control"}

    def _resources(self, service: str) -> Iterator[Row]:
        for summary in self._catalog.summaries(service):
            yield {
                "name": summary.name,
                "id": f"{CATALOG}.{service}.{summary.name}",
                "title": summary.type_name,
                "operations": json.dumps(summary.operations),
            }

    def _described(self, service: str, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            yield {**row, "description": _on_one_line(self._catalog.table(service, str(row["name"])).comment)}

    def _check_provider(self, statement: Show) -> None:
        if statement.place is not None and statement.place.parts[0].lower() != CATALOG:
            raise _error(statement, statement.place, f"no provider {statement.place.parts[0]!r}; there is {CATALOG}")

    def _service(self, statement: Show) -> str:
        if statement.place is None:
            if self._schema is None:
                example = f"SHOW RESOURCES IN {CATALOG}.sagemaker"
                raise ProgrammingError(f"SHOW RESOURCES needs a service: {example}; SHOW SERVICES lists them.")
            return self._schema
        *provider, service = statement.place.parts
        if provider and provider[0].lower() != CATALOG:
            self._check_provider(statement)
        return service.lower()

    def _told(
        self, statement: Statement, bindings: Bindings, columns: Mapping[str, str], rows: Iterable[Row]
    ) -> QueryPlan:
        """The query whose result is ``rows``, or those whose name is like the statement's pattern, if it has one."""
        query, facts = facts_of(columns, rows)
        pattern = statement.pattern if isinstance(statement, Show) else None
        named = "name" if "name" in columns else next(iter(columns))
        filtered = () if pattern is None else (f" WHERE {quote_identifier(named)} ILIKE ", pattern)
        text = render(statement.text, bindings, query, *filtered)
        return QueryPlan(
            sql=text.sql,
            bindings=bindings,
            locate=text.locate,
            sources=(),
            options=RequestOptions(),
            facts=(facts,),
        )


def insert_template(table: Table, *, only_required: bool) -> str:
    """An INSERT to fill in: the required properties, then all others that can be given, and where it goes.

    Placeholders are those of stackql-deploy; values of any type are written as text, which INSERT reads by the schema.
    """
    names = [_written_name(table, column) for column in _given(table, required=True)]
    if not only_required:
        names += [_written_name(table, column) for column in _given(table, required=False)]
    names += _located(table)
    columns = ",\n".join(f"  {name if _PLAIN_NAME.fullmatch(name) else quote_identifier(name)}" for name in names)
    values = ",\n".join("  '{{ " + name.replace("'", "''") + " }}'" for name in names)
    return f"/*+ create */\nINSERT INTO {table.qualified_name} (\n{columns}\n)\nSELECT\n{values};"


def _given(table: Table, *, required: bool) -> Iterator[Column]:
    """The columns of properties that a create can be given."""
    for column in table.columns:
        whole = column.pointer is not None and column.pointer.count("/") == 1
        if whole and not column.read_only and column.required is required:
            yield column


def _written_name(table: Table, column: Column) -> str:
    """The property as the schema writes it, where that names the column and nothing else."""
    name = column.property_name
    return name if name is not None and table.property_column(name) is column else column.name


def _methods(table: Table) -> Iterator[Row]:
    resource_type = table.resource_type
    if table.service == GENERIC_SERVICE:
        yield from _generic_methods(table)
        return
    shown: Sequence[HandlerName] = ("list",) if table.kind == "list" else ("create", "read", "update", "delete")
    for operation in shown:
        if operation in resource_type.handlers:
            name, verb = _METHODS[operation]
            yield {
                "MethodName": name,
                "RequiredParams": ", ".join(_required(table, operation)),
                "SQLVerb": verb,
                "operation": ACTIONS[operation].partition(":")[2],
                "permissions": json.dumps(resource_type.handlers[operation].permissions),
            }


def _required(table: Table, operation: HandlerName) -> Iterator[str]:
    match operation:
        case "create":
            yield from (_written_name(table, column) for column in _given(table, required=True))
            yield from _located(table)
            return
        case "list":
            handler = table.resource_type.handlers["list"]
            names = {column.property_name: column.name for column in table.parents}
            yield from (names[name] for name in handler.required)
            if handler.alternatives:
                choices = (" and ".join(names[name] for name in choice) for choice in handler.alternatives)
                yield " or ".join(choices)
        case "update":
            yield from ("Identifier", "PatchDocument")
        case _:
            yield "Identifier"
    yield REGION


def _located(table: Table) -> Iterator[str]:
    """The columns by which an INSERT says where a resource is to be."""
    yield REGION
    if ACCOUNT_ALIAS in table.scope_columns:
        yield ACCOUNT_ALIAS


def _generic_methods(table: Table) -> Iterator[Row]:
    key = {"resource": "TypeName, identifier, ", "resources": "TypeName, ", "resource_request": "RequestToken, "}
    operation = {
        "resource": "GetResource",
        "resources": "ListResources",
        "resource_request": "GetResourceRequestStatus",
    }.get(table.name, "ListResourceRequests")
    operations = [(operation, "SELECT")]
    if "delete" in table.resource_type.handlers:
        operations.append(("CancelResourceRequest", "DELETE"))
    for name, verb in operations:
        yield {
            "MethodName": re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(),
            "RequiredParams": f"{key.get(table.name, '')}{REGION}",
            "SQLVerb": verb,
            "operation": name,
            "permissions": "[]",
        }


def _on_one_line(text: str | None) -> str | None:
    return None if text is None else " ".join(text.split())


def _described_column(column: Column) -> Row:
    return {
        "name": column.name,
        "type": column.sql_type,
        "description": _on_one_line(column.comment),
        "nullable": str(column.nullable),
        "required": str(column.required),
        "read_only": str(column.read_only),
        "create_only": str(column.create_only),
        "write_only": str(column.write_only),
    }


def _table_of(statement: Show) -> TableName:
    if statement.place is None:
        example = f"SHOW METHODS IN {CATALOG}.sagemaker.images"
        raise ProgrammingError(f"SHOW METHODS needs a table: {example}; SHOW RESOURCES IN … lists them.")
    catalog, schema, name = (None, None, *statement.place.parts)[-3:]
    return TableName(catalog, schema, str(name), statement.place.position)


def _texts(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "VARCHAR")


def _error(statement: Statement, named: SchemaName, message: str) -> ProgrammingError:
    return ProgrammingError(f"{message} ({place(statement.text, named.position)}).")
