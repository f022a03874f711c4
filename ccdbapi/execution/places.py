"""Places in a resource, and what its type's schema says of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

from ccdbapi.catalog import ResourceType, Schema, schemas
from ccdbapi.catalog.model import escape, unescape
from ccdbapi.exceptions import NotSupportedError

_REPLACED = "the resource would have to be replaced (INSERT a new one, DELETE this one)"


class _Paths(NamedTuple):
    """Paths of properties downwards from a place, in tokens: ``*`` stands for any item or member."""

    tokens: frozenset[tuple[str, ...]]

    @classmethod
    def of(cls, pointers: Iterable[str]) -> Self:
        return cls(frozenset(tuple(map(unescape, pointer.split("/")[1:])) for pointer in pointers))

    @property
    def here(self) -> bool:
        return () in self.tokens

    def member(self, name: str) -> Self:
        return self._below(path[1:] for path in self.tokens if path and path[0] in (name, "*"))

    def item(self) -> Self:
        # Some schemas leave the * out.
        return self._below(path[1:] if path[0] == "*" else path for path in self.tokens if path)

    def _below(self, paths: Iterable[tuple[str, ...]]) -> Self:
        # All of what is below a place shares its lot.
        return self if self.tokens == {()} else type(self)(frozenset(paths) | ({()} if self.here else frozenset()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a resource of ``resource_type``: a property, a member of an object, an item of an array."""

    resource_type: ResourceType
    pointer: str
    node: Schema
    read_only: _Paths
    create_only: _Paths
    write_only: _Paths
    tags: _Paths

    @classmethod
    def top(cls, resource_type: ResourceType) -> Self:
        """The place of the whole resource."""
        return cls(
            resource_type=resource_type,
            pointer="",
            node=resource_type.schema,
            read_only=_Paths.of(resource_type.read_only),
            create_only=_Paths.of(resource_type.create_only),
            write_only=_Paths.of(resource_type.write_only),
            tags=_Paths.of(schemas.tag_pointers(resource_type.schema)),
        )

    def member(self, name: str) -> Self:
        """The place of an object's member."""
        return type(self)(
            resource_type=self.resource_type,
            pointer=f"{self.pointer}/{escape(name)}",
            node=schemas.member(self.resource_type.schema, self.node, name),
            read_only=self.read_only.member(name),
            create_only=self.create_only.member(name),
            write_only=self.write_only.member(name),
            tags=self.tags.member(name),
        )

    def item(self, index: int | str) -> Self:
        """The place of an array's item; ``-`` is the one after the last, ``*`` any."""
        return type(self)(
            resource_type=self.resource_type,
            pointer=f"{self.pointer}/{index}",
            node=schemas.items(self.resource_type.schema, self.node),
            read_only=self.read_only.item(),
            create_only=self.create_only.item(),
            write_only=self.write_only.item(),
            tags=self.tags.item(),
        )

    @property
    def is_read_only(self) -> bool:
        """Whether only the service sets what is here."""
        return self.read_only.here

    @property
    def is_create_only(self) -> bool:
        """Whether what is here can be set only when the resource is created."""
        return self.create_only.here

    @property
    def is_write_only(self) -> bool:
        """Whether reads do not show what is here."""
        return self.write_only.here

    @property
    def has_write_only(self) -> bool:
        """Whether reads do not show something here or below."""
        return bool(self.write_only.tokens)

    @property
    def has_limits(self) -> bool:
        """Whether something here or below cannot be set or is not shown."""
        return bool(self.read_only.tokens or self.create_only.tokens or self.write_only.tokens)

    @property
    def is_unordered(self) -> bool:
        """Whether the order of the array here means nothing: so the schema says, and so it is with tags."""
        return self.node.get("insertionOrder") is False or self.tags.here

    def check_changeable(self) -> None:
        """Raises `NotSupportedError` where an update can set no value."""
        if self.is_read_only:
            raise NotSupportedError(f"{self} is read-only: AWS sets it. For another value {_REPLACED}.")
        self.check_removable()

    def check_removable(self) -> None:
        """Raises `NotSupportedError` where an update can remove no value, even with what is around it."""
        if self.is_create_only:
            raise NotSupportedError(f"{self} is create-only: to change it, {_REPLACED}.")

    def __str__(self) -> str:
        return f"{self.pointer} of {self.resource_type.name}"
