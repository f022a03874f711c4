"""From what predicates allow to the keys to get and the lists to make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, product

from ccdbapi.catalog import ACCOUNT_ALIAS, IDENTIFIER, REGION, Table
from ccdbapi.engine.domain import Box, Domain
from ccdbapi.exceptions import NotSupportedError, ProgrammingError
from ccdbapi.planning.plan import Key, Listing
from ccdbapi.planning.scopes import Scopes


def keys_of(table: Table, domain: Domain, scopes: Scopes) -> tuple[Key, ...]:
    """The resources that ``domain`` can hold, each once, in the order in which the statement names them.

    ``scopes`` has where to ask where the statement does not say. Raises `ProgrammingError` for a missing predicate.
    """
    keys: dict[Key, None] = {}
    for box in chain.from_iterable(map(scopes.spread, domain.boxes)):
        regions, identifiers = box.get(REGION), _identifiers(table, box)
        if not regions or identifiers is None:
            raise _missing(table, [*([] if regions else [REGION]), *([] if identifiers else [IDENTIFIER])])
        named = [identifier for identifier in identifiers if identifier[0]]  # no resource has an empty one
        for region, account in product(regions, box[ACCOUNT_ALIAS]):
            keys.update(dict.fromkeys(Key(region, *identifier, account) for identifier in named))
    return tuple(keys)


def listings_of(table: Table, domain: Domain, scopes: Scopes) -> tuple[Listing, ...]:
    """The lists that show every resource that ``domain`` can hold. As `keys_of`.

    Raises `NotSupportedError` for lists that would show a resource twice.
    """
    listings: dict[Listing, None] = {}
    for box in chain.from_iterable(map(scopes.spread, domain.boxes)):
        regions, lacking = box.get(REGION), _lacking_parents(table, box)
        if not regions or lacking:
            raise _missing(table, [*([] if regions else [REGION]), *lacking])
        for region, account in product(regions, box[ACCOUNT_ALIAS]):
            listings.update(dict.fromkeys(Listing(region, parents, account) for parents in _parents(table, box)))
    if len({tuple(name for name, _ in listing.parents) for listing in listings}) > 1:
        # What one list shows, another may show, too, and every part of the statement reads the rows of both.
        names = ", ".join(column.name for column in table.parents)
        raise NotSupportedError(
            f"{table.qualified_name} lists by {names}, and parts of the statement give different ones of them: give "
            "the same ones everywhere, or make a statement of each part."
        )
    return tuple(listings)


def list_columns(table: Table) -> frozenset[str]:
    """The columns of a raw table that a list, by its parents, shows of each resource for certain."""
    required = table.resource_type.handlers["list"].required
    parents = (str(column.pointer) for column in table.parents if column.property_name in required)
    return frozenset((*table.resource_type.primary_identifier, *parents))


def constants_of(domain: Domain, columns: Iterable[str]) -> Mapping[str, str]:
    """Those of ``columns`` to which the predicates give one value, the same in every row that ``domain`` can hold.

    Raises `ProgrammingError` for a column with several values.
    """
    constants: dict[str, str] = {}
    for column in columns:
        values = list(dict.fromkeys(value for box in domain.boxes for value in box.get(column, ())))
        if len(values) > 1 or (values and domain.leaves_open(column)):
            name = column.removeprefix("/")
            raise ProgrammingError(f"{name} applies to the whole statement: give it one value, with {name} = '…'.")
        if values:
            constants[column] = values[0]
    return constants


def _identifiers(table: Table, box: Box) -> Sequence[tuple[str, tuple[str, ...]]] | None:
    """The identifiers and, where they are ambiguous, their parts; None where the box leaves them open."""
    # Identifier comes first: some types take other identifiers than the primary one there.
    if IDENTIFIER in box:
        return [(identifier, ()) for identifier in box[IDENTIFIER]]
    pointers = table.resource_type.primary_identifier
    if all(pointer in box for pointer in pointers):
        return [_joined(parts) for parts in product(*(box[pointer] for pointer in pointers))]
    return None


def _joined(parts: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    ambiguous = len(parts) > 1 and any("|" in part for part in parts)
    return "|".join(parts), parts if ambiguous else ()


def _parents(table: Table, box: Box) -> Iterator[tuple[tuple[str, str], ...]]:
    """Every combination of the values that the box gives the list handler's properties."""
    given = [(str(column.property_name), box[str(column.pointer)]) for column in table.parents if column.pointer in box]
    for values in product(*(values for _, values in given)):
        yield tuple(zip((name for name, _ in given), values, strict=True))


def _lacking_parents(table: Table, box: Box) -> Sequence[str]:
    handler = table.resource_type.handlers["list"]
    names = {str(column.property_name): column for column in table.parents}
    given = {name for name, column in names.items() if column.pointer in box}
    required = [name for name in handler.required if name not in given]
    if handler.alternatives and not any(given.issuperset(choice) for choice in handler.alternatives):
        required += [name for name in handler.alternatives[0] if name not in given]
    return [names[name].name for name in dict.fromkeys(required)]


def _missing(table: Table, lacking: Sequence[str]) -> ProgrammingError:
    """The error for predicates that a table cannot do without, with a statement that has them."""
    if table.kind == "get":
        needed = [REGION, IDENTIFIER]
        names = " and ".join(column.name for column in table.identifier_columns)
        listed = f"; {table.qualified_name}_list_only lists them" if "list" in table.resource_type.handlers else ""
        advice = f" {IDENTIFIER} may also be given by {names}{listed}." if IDENTIFIER in lacking else ""
    else:
        needed = [REGION, *_lacking_parents(table, {})]
        advice = ""
    where = " AND ".join(f"{name} = '{_example(table, name)}'" for name in needed)
    return ProgrammingError(
        f"{table.qualified_name} needs {' and '.join(lacking)} in WHERE: by =, IN or an expression that is constant. "
        f"For example: SELECT * FROM {table.qualified_name} WHERE {where};{advice}"
    )


def _example(table: Table, name: str) -> str:
    if name == REGION:
        return "us-east-1"
    if name == IDENTIFIER:
        return "|".join(f"<{column.name}>" for column in table.identifier_columns)
    return f"<{name}>"
