"""What an UPDATE of columns comes to: the difference between a resource as it is and as it shall be.

Sources: RFC 6902; the CloudFormation resource type definition schema (``insertionOrder``, ``readOnlyProperties``,
``createOnlyProperties``, ``writeOnlyProperties``, ``tagging``); Cloud Control API user guide, "Updating a resource".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from ccdbapi.catalog import ResourceType
from ccdbapi.cloudcontrol.patch import Operation, written
from ccdbapi.exceptions import NotSupportedError
from ccdbapi.execution.places import Place

#: A JSON object, and a JSON array, as ``json`` reads them.
Object = Mapping[str, object]
Array = Sequence[object]

#: The members that tell the items of an array apart, such as tags.
_KEYS = ("Key", "TagKey", "key")


def patch_document(resource_type: ResourceType, model: Object, assigned: Mapping[str, object]) -> str | None:
    """The smallest patch document that gives the resource the values ``assigned``, None where nothing is to change.

    ``model`` has the properties as they are, ``assigned`` new values by property name; None removes a property. The
    document applies only to a resource whose values that it replaces or removes are still those of ``model``.

    Raises `NotSupportedError` where that would change what is read-only or create-only, or remove what is write-only.
    """
    top = Place.top(resource_type)
    difference = _Difference()
    for name, value in assigned.items():
        place, old = top.member(name), model.get(name)
        if value is not None:
            difference.merge(_difference(place, old, value) if old is not None else _addition(place, value))
        elif old is not None:
            difference.merge(_removal(place, old))
        elif place.is_write_only:
            raise NotSupportedError(
                f"{place} is write-only: a patch cannot remove what a read does not show. Set it to another value."
            )
    guards = {guard["path"]: guard for guard in difference.guards}
    return written(list(guards.values()), difference.changes) if difference.changes else None


@dataclass(slots=True)
class _Difference:
    """Changes in the order in which they apply, and the ``test`` operations to be made before all of them."""

    guards: list[Operation] = field(default_factory=list)
    changes: list[Operation] = field(default_factory=list)

    def merge(self, other: _Difference) -> None:
        self.guards += other.guards
        self.changes += other.changes

    @property
    def size(self) -> int:
        return len(json.dumps([*self.guards, *self.changes]))


def _difference(place: Place, old: object, new: object) -> _Difference:
    """From one value to another."""
    if place.is_write_only and not place.is_read_only:
        return _addition(place, new)
    if _same(old, new):
        # Only this is allowed of what is read-only or create-only.
        parts = place.has_write_only and not (place.is_read_only or place.is_create_only)
        return _by_parts(place, old, new) if parts else _Difference()
    place.check_changeable()
    if place.has_limits:
        # To replace all of it would reach what must stay, or what a read does not show.
        return _by_parts(place, old, new)
    if _canonical(place, old) == _canonical(place, new):
        return _Difference()
    return min(_by_parts(place, old, new), _replacement(place, old, new), key=lambda difference: difference.size)


def _by_parts(place: Place, old: object, new: object) -> _Difference:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return _object_difference(place, old, new)
    if isinstance(old, list) and isinstance(new, list):
        if place.is_unordered:
            return _set_difference(place, old, new)
        return _moved_difference(place, old, new) if place.has_limits else _list_difference(place, old, new)
    return _replacement(place, old, new)


def _object_difference(place: Place, old: Object, new: Object) -> _Difference:
    result = _Difference()
    for name, value in old.items():
        child = place.member(name)
        # A value that leaves out what only the service sets, or a read does not show, does not mean to remove it.
        if name not in new and not child.is_read_only and not child.is_write_only:
            result.merge(_removal(child, value))
    for name, value in new.items():
        child = place.member(name)
        result.merge(_difference(child, old[name], value) if name in old else _addition(child, value))
    return result


def _set_difference(place: Place, old: Array, new: Array) -> _Difference:
    """Of arrays without an order: items that are in both stay where they are, new ones come last."""
    partners = _partners(place, old, new)
    result = _kept_difference(place, old, new, partners)
    taken = set(partners.values())
    for index, value in enumerate(new):
        if index not in taken:
            result.merge(_addition(place.item("-"), value))
    return result


def _moved_difference(place: Place, old: Array, new: Array) -> _Difference:
    """Of arrays with an order, whose items have something that must stay with them: they are moved, not written."""
    partners = _partners(place, old, new)
    result = _kept_difference(place, old, new, partners)
    origins = {partner: index for index, partner in partners.items()}
    order = list(partners.values())
    for target, index in enumerate(sorted(order)):
        source = order.index(index)
        if source != target:
            result.guards += _guards(place.item(origins[index]), old[origins[index]])
            result.changes.append(
                {"op": "move", "from": place.item(source).pointer, "path": place.item(target).pointer}
            )
            order.insert(target, order.pop(source))
    for index, value in enumerate(new):
        if index in origins:
            continue
        if index == len(order):
            result.merge(_addition(place.item("-"), value))
        else:
            following = origins[order[index]]
            result.guards += _guards(place.item(following), old[following])
            result.merge(_addition(place.item(index), value))
        order.insert(index, index)
    return result


def _kept_difference(place: Place, old: Array, new: Array, partners: Mapping[int, int]) -> _Difference:
    """What changes within the items that have ``partners``, and goes with those that have none."""
    result = _Difference()
    for index, partner in partners.items():
        result.merge(_item_difference(place.item(index), old[index], new[partner]))
    for index in reversed(range(len(old))):
        if index not in partners:
            result.merge(_removal(place.item(index), old[index]))
    return result


def _partners(place: Place, old: Array, new: Array) -> dict[int, int]:
    """Index in ``old`` → index in ``new`` of the same item: equal, or equal in what can be set, or so named."""
    partners: dict[int, int] = {}
    left, right = list(range(len(old))), list(range(len(new)))
    item = place.item("*")
    tell_apart: tuple[Callable[[object], str | None], ...] = (
        lambda value: _canonical(item, value),
        lambda value: _canonical(item, value, settable=True),
        _key,
        lambda value: _named_by_service(item, value),
    )
    for name in tell_apart:
        places: dict[str, list[int]] = {}
        for index in reversed(right):
            if (text := name(new[index])) is not None:
                places.setdefault(text, []).append(index)
        for index in left:
            text = name(old[index])
            if text is not None and places.get(text):
                partners[index] = places[text].pop()
        taken = set(partners.values())
        left = [index for index in left if index not in partners]
        right = [index for index in right if index not in taken]
    if not item.has_write_only:
        # To change an item is shorter than to remove it and add another; but what reads do not show would stay with it.
        unnamed = (index for index in right if _named_by_service(item, new[index]) is None)
        partners.update(zip(left, unnamed, strict=False))
    return dict(sorted(partners.items()))


def _list_difference(place: Place, old: Array, new: Array) -> _Difference:
    """Of arrays with an order, from the end, so that the indexes before are those of ``old``."""
    before, after = ([_canonical(place.item("*"), value) for value in values] for values in (old, new))
    result = _Difference()
    for _, start, end, first, last in reversed(SequenceMatcher(None, before, after, autojunk=False).get_opcodes()):
        common = min(end - start, last - first)
        for index in reversed(range(start + common, end)):
            result.merge(_removal(place.item(index), old[index]))
        for offset, value in enumerate(new[first + common : last], start + common):
            if end == len(old):
                result.merge(_addition(place.item("-"), value))
            else:
                result.guards += _guards(place.item(end), old[end]) if offset == start + common else []
                result.merge(_addition(place.item(offset), value))
        for offset in range(common):
            result.merge(_item_difference(place.item(start + offset), old[start + offset], new[first + offset]))
    return result


def _item_difference(place: Place, old: object, new: object) -> _Difference:
    """Within an item of an array: only where all of it is what it was. By now another one may stand there."""
    changes = _difference(place, old, new).changes
    return _Difference(list(_guards(place, old)), changes) if changes else _Difference()


def _replacement(place: Place, old: object, new: object) -> _Difference:
    _check_addable(place, new)
    return _Difference(list(_guards(place, old)), [{"op": "replace", "path": place.pointer, "value": new}])


def _addition(place: Place, new: object) -> _Difference:
    _check_addable(place, new)
    return _Difference([], [{"op": "add", "path": place.pointer, "value": new}])


def _removal(place: Place, old: object) -> _Difference:
    for part, _ in _parts(place, old):
        part.check_removable()
    return _Difference(list(_guards(place, old)), [{"op": "remove", "path": place.pointer}])


def _check_addable(place: Place, value: object) -> None:
    for part, _ in _parts(place, value):
        part.check_changeable()


def _parts(place: Place, value: object) -> Iterator[tuple[Place, object]]:
    """The place and all places below it that the value fills."""
    yield place, value
    if not place.has_limits:
        return
    if isinstance(value, Mapping):
        for name, child in value.items():
            yield from _parts(place.member(name), child)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _parts(place.item(index), child)


def _guards(place: Place, old: object) -> Iterator[Operation]:
    """Tests that the value is still ``old``, but for what the service itself changes, or does not show."""
    if place.is_read_only or place.is_write_only:
        return
    if not place.has_limits or not isinstance(old, Mapping | list):
        yield {"op": "test", "path": place.pointer, "value": old}
    elif isinstance(old, Mapping):
        for name, value in old.items():
            yield from _guards(place.member(name), value)
    else:
        for index, value in enumerate(old):
            yield from _guards(place.item(index), value)


def _same(old: object, new: object) -> bool:
    return _text(old) == _text(new)


def _canonical(place: Place, value: object, *, settable: bool = False) -> str:
    """A text that is the same for values that are, whatever the order in arrays that have none.

    With ``settable`` without what only the service sets, and what it does not show.
    """
    return _text(_sorted(place, value, settable=settable))


def _sorted(place: Place, value: object, *, settable: bool) -> object:
    if isinstance(value, Mapping):
        children = {name: place.member(name) for name in value}
        return {
            name: _sorted(child, value[name], settable=settable)
            for name, child in children.items()
            if not (settable and (child.is_read_only or child.is_write_only))
        }
    if isinstance(value, list):
        item = place.item("*")
        items = [_sorted(item, child, settable=settable) for child in value]
        return sorted(items, key=_text) if place.is_unordered else items
    return value


def _key(value: object) -> str | None:
    if not isinstance(value, Mapping):
        return None
    return next((_text(value[name]) for name in _KEYS if name in value), None)


def _named_by_service(place: Place, value: object) -> str | None:
    """What the service calls the item: its read-only properties."""
    if not place.has_limits:
        return None
    named = {part.pointer: held for part, held in _parts(place, value) if part.is_read_only}
    return _text(named) if named else None


def _text(value: object) -> str:
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: object) -> object:
    """The value with one spelling of each number: 1.0 is 1."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case Mapping():
            return {name: _plain(child) for name, child in value.items()}
        case list():
            return [_plain(child) for child in value]
    return value
