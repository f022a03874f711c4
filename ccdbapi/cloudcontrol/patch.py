"""Patch documents: the lists of operations that UpdateResource applies to a resource's properties. RFC 6902."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import accumulate

import jsonpatch

from ccdbapi.cloudcontrol.json_text import value_of
from ccdbapi.cloudcontrol.limits import LIMITS, objection
from ccdbapi.exceptions import DataError

#: One operation of a document.
Operation = Mapping[str, object]

#: How many characters a document may have.
MAX_LENGTH = LIMITS["PatchDocument"].longest

#: What an operation needs beside its path. RFC 6902, section 4; jsonpatch looks at it only when a patch is applied.
_OPERANDS = {"add": "value", "replace": "value", "test": "value", "move": "from", "copy": "from"}


def written(guards: Sequence[Operation], changes: Sequence[Operation]) -> str:
    """The document that makes the ``changes``, or none of them unless all ``guards`` (``test`` operations) hold.

    Where it would be too long with all guards, it lacks the longest. Raises `DataError` where it still is too long.
    """
    room = MAX_LENGTH - len(_fitting(json.dumps(changes)))
    lengths = [len(json.dumps(guard)) + len(", ") for guard in guards]
    by_length = sorted(range(len(guards)), key=lengths.__getitem__)
    sums = accumulate(lengths[number] for number in by_length)
    kept = {number for number, length in zip(by_length, sums, strict=True) if length <= room}
    return json.dumps([*(guard for number, guard in enumerate(guards) if number in kept), *changes])


def checked(document: object) -> str:
    """The text of a document that the user gives, as it stands. Raises `DataError` for what is no patch document."""
    text = document if isinstance(document, str) else json.dumps(document)
    try:
        operations = value_of(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"PatchDocument is not JSON: {error}.") from None
    if not isinstance(operations, list) or not all(isinstance(operation, dict) for operation in operations):
        raise DataError('PatchDocument must be a list of operations: [{"op": "add", "path": "/…", "value": …}, …].')
    try:
        jsonpatch.JsonPatch(operations)
        for operation in operations:
            _check_operand(operation)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        raise DataError(f"PatchDocument is not valid by RFC 6902: {error}.") from None
    return _fitting(text)


def _check_operand(operation: Operation) -> None:
    operand = _OPERANDS.get(str(operation["op"]))
    if operand is not None and operand not in operation:
        raise jsonpatch.InvalidJsonPatch(f"{json.dumps(operation)} lacks {operand!r}")
    if operand == "from":
        jsonpatch.JsonPointer(str(operation["from"]))


def _fitting(text: str) -> str:
    if len(text) > MAX_LENGTH:
        raise DataError(f"{objection('PatchDocument', text)}.")
    return text
