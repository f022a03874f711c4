"""JSON pointers with wildcards (``/Endpoint/Address``, ``/Rules/*/Id``), as registry schemas name properties."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

#: A JSON object that may be changed.
Json = dict[str, object]


def tokens(pointer: str) -> tuple[str, ...]:
    """The parts of a pointer, unescaped (RFC 6901)."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def values(document: object, pointer: str) -> list[object]:
    """All values that the pointer reaches; none where a part is absent."""
    return list(_values(document, tokens(pointer)))


def value(document: object, pointer: str) -> object:
    """The value that the pointer reaches, None where it reaches none."""
    return next(iter(values(document, pointer)), None)


def without(document: Json, pointers: Iterable[str]) -> Json:
    """The document without what the pointers reach; objects that this empties go too."""
    result = document
    for pointer in pointers:
        result = _as_object(_without(result, tokens(pointer)))
    return result


def blanked(document: Json, pointers: Iterable[str]) -> Json:
    """The document without what the pointers reach; objects that this empties stay."""
    result: object = document
    for pointer in pointers:
        result = _blanked(result, tokens(pointer))
    return _as_object(result)


def only(document: Json, pointers: Iterable[str]) -> Json:
    """What the pointers reach, in its place, and nothing else. Wildcards are not followed."""
    result: Json = {}
    for pointer in pointers:
        found = value(document, pointer)
        if found is not None:
            put(result, pointer, found)
    return result


def put(document: Json, pointer: str, new: object) -> None:
    """Sets the value at the pointer, making the objects on its way."""
    *parents, last = tokens(pointer)
    target = document
    for part in parents:
        child = target.setdefault(part, {})
        if not isinstance(child, dict):
            return
        target = child
    target[last] = new


def _values(document: object, parts: tuple[str, ...]) -> Iterator[object]:
    if not parts:
        yield document
        return
    for child in _children(document, parts[0]):
        yield from _values(child, parts[1:])


def _children(document: object, part: str) -> Iterable[object]:
    if isinstance(document, list):
        return document if part == "*" else ()
    if isinstance(document, dict):
        return document.values() if part == "*" else (document[part],) if part in document else ()
    return ()


def _without(document: object, parts: tuple[str, ...]) -> object:
    head, rest = parts[0], parts[1:]
    if isinstance(document, list) and head == "*" and rest:
        return [_without(item, rest) for item in document]
    if not isinstance(document, dict):
        return document
    result: Json = {}
    for name, child in document.items():
        if head not in ("*", name):
            result[name] = child
        elif rest:
            pruned = _without(child, rest)
            if pruned or not child:
                result[name] = pruned
    return result


def _blanked(document: object, parts: tuple[str, ...]) -> object:
    head, rest = parts[0], parts[1:]
    if isinstance(document, list) and head == "*" and rest:
        return [_blanked(item, rest) for item in document]
    if not isinstance(document, dict):
        return document
    kept = {name: child for name, child in document.items() if rest or head not in ("*", name)}
    return {name: _blanked(child, rest) if head in ("*", name) else child for name, child in kept.items()}


def _as_object(document: object) -> Json:
    return document if isinstance(document, dict) else {}
