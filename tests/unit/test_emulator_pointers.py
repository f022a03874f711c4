"""JSON pointers with wildcards."""

from __future__ import annotations

import pytest

from ccdbapi.emulator import pointers
from ccdbapi.emulator.pointers import Json

DOCUMENT: Json = {"A": {"B": 1, "C": 2}, "L": [{"X": 1, "Y": 2}, {"Y": 3}], "a/b": 4, "m": {"k1": {"S": 5}}}


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/A/B", [1]),
        ("/A", [{"B": 1, "C": 2}]),
        ("/A/Z", []),
        ("/L/*/Y", [2, 3]),
        ("/L/*/X", [1]),
        ("/a~1b", [4]),
        ("/m/*/S", [5]),
        ("/A/B/C", []),
    ],
)
def test_values(pointer: str, expected: list[object]) -> None:
    assert pointers.values(DOCUMENT, pointer) == expected


@pytest.mark.parametrize(
    ("removed", "changed"),
    [
        ("/A/B", {"A": {"C": 2}}),
        ("/A", {"A": None}),
        ("/L/*/Y", {"L": [{"X": 1}, {}]}),
        ("/m/*/S", {"m": None}),
        ("/nowhere/at/all", {}),
    ],
)
def test_without(removed: str, changed: Json) -> None:
    expected = {name: value for name, value in {**DOCUMENT, **changed}.items() if value is not None}
    assert pointers.without(DOCUMENT, [removed]) == expected


@pytest.mark.parametrize(
    ("removed", "changed"),
    [
        ("/A", {"A": None}),
        ("/L/*/Y", {"L": [{"X": 1}, {}]}),
        ("/m/*/S", {"m": {"k1": {}}}),
        ("/nowhere/at/all", {}),
    ],
)
def test_blanked_keeps_what_it_empties(removed: str, changed: Json) -> None:
    expected = {name: value for name, value in {**DOCUMENT, **changed}.items() if value is not None}
    assert pointers.blanked(DOCUMENT, [removed]) == expected


def test_only_keeps_the_place() -> None:
    assert pointers.only(DOCUMENT, ["/A/B", "/nowhere"]) == {"A": {"B": 1}}


def test_put_makes_the_objects_on_its_way() -> None:
    document: Json = {"A": {"B": 1}, "T": "text"}
    pointers.put(document, "/A/C/D", 2)
    pointers.put(document, "/T/X", 3)
    assert document == {"A": {"B": 1, "C": {"D": 2}}, "T": "text"}
