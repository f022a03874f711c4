"""Patch documents: what the difference between a resource as it is and as it shall be comes to."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Mapping, Sequence
from typing import Any

import jsonpatch
import pytest

from ccdbapi.catalog import ResourceType
from ccdbapi.catalog.schemas import resource_type
from ccdbapi.cloudcontrol import patch
from ccdbapi.exceptions import DataError, NotSupportedError
from ccdbapi.execution.patching import patch_document

STRING, INTEGER = {"type": "string"}, {"type": "integer"}


def properties(**members: object) -> Mapping[str, object]:
    return {"type": "object", "properties": members}


def array(items: object, **keywords: object) -> Mapping[str, object]:
    return {"type": "array", "items": items, **keywords}


TAG = properties(Key=STRING, Value=STRING)

SCHEMA: Mapping[str, object] = {
    "typeName": "Test::Shop::Thing",
    "definitions": {
        "Tag": TAG,
        "Tree": properties(Leaf=STRING, Leaves=array({"$ref": "#/definitions/Tree"}, insertionOrder=False)),
    },
    "tagging": {"tagProperty": "/properties/Labels"},
    "properties": {
        "Name": STRING,
        "Size": INTEGER,
        "Ratio": {"type": "number"},
        "On": {"type": "boolean"},
        "Kind": STRING,
        "Arn": STRING,
        "Secret": STRING,
        "Set": array(STRING, insertionOrder=False),
        "List": array(STRING, insertionOrder=True),
        "Plain": array(STRING),
        "Tags": array({"$ref": "#/definitions/Tag"}, insertionOrder=False, uniqueItems=True),
        "Labels": array({"$ref": "#/definitions/Tag"}),
        "Points": array(properties(X=INTEGER, Y=INTEGER), insertionOrder=False),
        "Path": array(properties(X=INTEGER, Y=INTEGER)),
        "Grid": array(array(INTEGER, insertionOrder=False)),
        "Options": properties(A=STRING, B=STRING, Inner=properties(C=INTEGER, D=array(STRING, insertionOrder=False))),
        "Map": {"type": "object", "patternProperties": {".*": array(STRING, insertionOrder=False)}},
        "Any": {"oneOf": [properties(One=array(STRING, insertionOrder=False)), STRING]},
        "Tree": {"$ref": "#/definitions/Tree"},
        "Login": properties(User=STRING, Password=STRING),
        "Endpoint": properties(Address=STRING, Port=INTEGER),
        "Storage": properties(Type=STRING, Size=INTEGER),
        "Rules": array(properties(Id=STRING, Rank=INTEGER, Action=STRING), insertionOrder=False),
        "Steps": array(properties(Id=STRING, Do=STRING)),
        "Backends": array(properties(Host=STRING, Token=STRING), insertionOrder=False),
        "Volumes": array(properties(Name=STRING, Size=INTEGER)),
        "Unstarred": array(properties(Id=STRING, Rank=INTEGER), insertionOrder=False),
    },
    "readOnlyProperties": [
        "/properties/Arn", "/properties/Endpoint/Address", "/properties/Rules/*/Id", "/properties/Steps/*/Id",
        "/properties/Unstarred/Id",
    ],
    "createOnlyProperties": ["/properties/Kind", "/properties/Storage/Type", "/properties/Volumes/*/Name"],
    "writeOnlyProperties": ["/properties/Secret", "/properties/Login/Password", "/properties/Backends/*/Token"],
}  # fmt: skip
THING = resource_type("Test::Shop::Thing", SCHEMA)

#: An operation as (op, path) or (op, path, value).
Short = tuple[Any, ...]


def difference(before: Mapping[str, object], assigned: Mapping[str, object]) -> list[Short]:
    text = patch_document(THING, before, assigned)
    return [] if text is None else [tuple(operation.values()) for operation in json.loads(text)]


def operation(short: Short) -> dict[str, object]:
    return dict(zip(("op", "path", "value"), short, strict=False))


def changed(path: str, old: object, new: object) -> list[Short]:
    return [("test", path, old), ("replace", path, new)]


def added(path: str, value: object) -> list[Short]:
    return [("add", path, value)]


def removed(path: str, old: object) -> list[Short]:
    return [("test", path, old), ("remove", path)]


def within(path: str, item: object, *changes: Short) -> list[Short]:
    """Changes within an item of an array, by whose index alone nobody knows it."""
    return [("test", path, item), *changes]


def tag(key: str, value: str) -> dict[str, str]:
    return {"Key": key, "Value": value}


def point(x: int, y: int) -> dict[str, int]:
    return {"X": x, "Y": y}


LONG, LONGER = "long " * 40, "longer " * 40

#: Case → (property, as it is, as it shall be, the document). Names and values stand for one assignment; None removes.
SINGLE: Mapping[str, tuple[str, object, object, Sequence[Short]]] = {
    # Scalars.
    "text changed": ("Name", "a", "b", changed("/Name", "a", "b")),
    "text kept": ("Name", "a", "a", []),
    "text added": ("Name", None, "b", added("/Name", "b")),
    "text removed": ("Name", "a", None, removed("/Name", "a")),
    "text absent and NULL": ("Name", None, None, []),
    "empty text": ("Name", "a", "", changed("/Name", "a", "")),
    "text that looks like JSON": ("Name", "a", "[1, 2]", changed("/Name", "a", "[1, 2]")),
    "text like the number that was": ("Name", 1, "1", changed("/Name", 1, "1")),
    "text in another case": ("Name", "a", "A", changed("/Name", "a", "A")),
    "text beyond ASCII": ("Name", "ä", "ö", changed("/Name", "ä", "ö")),
    "a number changed": ("Size", 1, 2, changed("/Size", 1, 2)),
    "a number kept": ("Size", 1, 1, []),
    "zero is a value": ("Size", 1, 0, changed("/Size", 1, 0)),
    "from zero": ("Size", 0, 1, changed("/Size", 0, 1)),
    "zero removed": ("Size", 0, None, removed("/Size", 0)),
    "another spelling of a number": ("Ratio", 1, 1.0, []),
    "a fraction": ("Ratio", 1, 1.5, changed("/Ratio", 1, 1.5)),
    "a large number": ("Size", 2**53, 2**53 + 1, changed("/Size", 2**53, 2**53 + 1)),
    "true to false": ("On", True, False, changed("/On", True, False)),
    "false kept": ("On", False, False, []),
    "false removed": ("On", False, None, removed("/On", False)),
    "true is not one": ("On", 1, True, changed("/On", 1, True)),
    # Arrays whose order means nothing.
    "a set in another order": ("Set", ["a", "b", "c"], ["c", "a", "b"], []),
    "a set with one more": ("Set", ["a", "b"], ["c", "b", "a"], added("/Set/-", "c")),
    "a set with one less": ("Set", ["a", "b", "c"], ["c", "a"], removed("/Set/1", "b")),
    "a set with the first less": ("Set", ["a", "b", "c"], ["b", "c"], removed("/Set/0", "a")),
    "a set with two less, the last first": (
        "Set", [LONG, "b", "c"], [LONG],
        [("test", "/Set/2", "c"), ("test", "/Set/1", "b"), ("remove", "/Set/2"), ("remove", "/Set/1")],
    ),
    "a set with another item": ("Set", ["a", LONG], [LONG, "b"], changed("/Set/0", "a", "b")),
    "a set of all others": ("Set", ["a", "b", "c"], ["d", "e", "f"], changed("/Set", ["a", "b", "c"], ["d", "e", "f"])),
    "an item twice is not once": ("Set", ["a", LONG], ["a", "a", LONG], added("/Set/-", "a")),
    "an item once is not twice": ("Set", ["a", "a", LONG], ["a", LONG], removed("/Set/1", "a")),
    "a set emptied": ("Set", ["a"], [], removed("/Set/0", "a")),
    "a large set emptied": ("Set", ["a", "b", "c"], [], changed("/Set", ["a", "b", "c"], [])),
    "a set filled": ("Set", [], ["a"], added("/Set/-", "a")),
    "a set added": ("Set", None, ["a", "b"], added("/Set", ["a", "b"])),
    "an empty set added": ("Set", None, [], added("/Set", [])),
    "a set removed": ("Set", ["a"], None, removed("/Set", ["a"])),
    # Arrays with an order: so the schema says, or does not say.
    "a list kept": ("List", ["a", "b"], ["a", "b"], []),
    "a list in another order": ("List", ["a", "b"], ["b", "a"], changed("/List", ["a", "b"], ["b", "a"])),
    "no word about the order": ("Plain", ["a", "b"], ["b", "a"], changed("/Plain", ["a", "b"], ["b", "a"])),
    "a list with one more at the end": ("List", ["a", "b"], ["a", "b", "c"], added("/List/-", "c")),
    "a list with two more at the end": (
        "List", ["a", LONG], ["a", LONG, "c", "d"], [("add", "/List/-", "c"), ("add", "/List/-", "d")]
    ),
    "a list with one more in front": (
        "List", ["a", LONG], ["z", "a", LONG], [("test", "/List/0", "a"), ("add", "/List/0", "z")]
    ),
    "a list with one more within": (
        "List", [LONG, "b"], [LONG, "a", "b"], [("test", "/List/1", "b"), ("add", "/List/1", "a")]
    ),
    "a list with one less": ("List", ["a", "b", LONG], ["b", LONG], removed("/List/0", "a")),
    "a list with another item": ("List", [LONG, "a", LONGER], [LONG, "b", LONGER], changed("/List/1", "a", "b")),
    "a list changed at both ends": (
        "List", ["a", LONG, "c"], [LONG, "d"],
        [("test", "/List/2", "c"), ("test", "/List/0", "a"), ("replace", "/List/2", "d"), ("remove", "/List/0")],
    ),
    "a list shortened and changed": (
        "List", [LONG, "a", "b"], [LONG, "c"],
        [("test", "/List/2", "b"), ("test", "/List/1", "a"), ("remove", "/List/2"), ("replace", "/List/1", "c")],
    ),
    "a list of objects, one changed": (
        "Path", [point(1, 1), point(2, 2)], [point(1, 1), point(2, 3)],
        within("/Path/1", point(2, 2), ("replace", "/Path/1/Y", 3)),
    ),
    "a list of objects, one added": ("Path", [point(1, 1)], [point(1, 1), point(2, 2)], added("/Path/-", point(2, 2))),
    "a list of sets in another order": ("Grid", [[1, 2], [3]], [[2, 1], [3]], []),
    "a list of sets, one with more": (
        "Grid", [[1, 2], [3]], [[2, 1], [3, 4]], within("/Grid/1", [3], ("add", "/Grid/1/-", 4))
    ),
    # Tags, and other items that have a key.
    "tags in another order": ("Tags", [tag("a", "1"), tag("b", "2")], [tag("b", "2"), tag("a", "1")], []),
    "a tag's members in another order": ("Tags", [tag("a", "1")], [{"Value": "1", "Key": "a"}], []),
    "a tag changed": (
        "Tags", [tag("a", "1"), tag("b", "2")], [tag("b", "3"), tag("a", "1")],
        within("/Tags/1", tag("b", "2"), ("replace", "/Tags/1/Value", "3")),
    ),
    "a tag added": ("Tags", [tag("a", "1")], [tag("b", "2"), tag("a", "1")], added("/Tags/-", tag("b", "2"))),
    "a tag removed": (
        "Tags", [tag("a", "1"), tag("b", "2"), tag("c", LONG)], [tag("c", LONG), tag("b", "2")],
        removed("/Tags/0", tag("a", "1")),
    ),
    "a tag's key changed": (
        "Tags", [tag("a", LONG)], [tag("b", LONG)], within("/Tags/0", tag("a", LONG), ("replace", "/Tags/0/Key", "b")),
    ),
    "two tags' values exchanged": (
        "Tags", [tag("a", "1"), tag("b", "2"), tag("c", LONG)], [tag("a", "2"), tag("b", "1"), tag("c", LONG)],
        [("test", "/Tags/0", tag("a", "1")), ("test", "/Tags/1", tag("b", "2")),
         ("replace", "/Tags/0/Value", "2"), ("replace", "/Tags/1/Value", "1")],
    ),
    "tags that the schema calls tags have no order": (
        "Labels", [tag("a", "1"), tag("b", "2")], [tag("b", "2"), tag("a", "1")], []
    ),
    "one of those changed": (
        "Labels", [tag("a", "1"), tag("b", "2")], [tag("b", "3"), tag("a", "1")],
        within("/Labels/1", tag("b", "2"), ("replace", "/Labels/1/Value", "3")),
    ),
    "objects in a set without a key": (
        "Points", [point(1, 1), point(2, 2)], [point(2, 2), point(1, 1), point(3, 3)], added("/Points/-", point(3, 3))
    ),
    "objects in a set, members in another order": ("Points", [point(1, 2)], [{"Y": 2, "X": 1}], []),
    # Objects.
    "an object kept, in another order": ("Options", {"A": "a", "B": "b"}, {"B": "b", "A": "a"}, []),
    "a member changed": ("Options", {"A": "a", "B": "b"}, {"A": "a", "B": "c"}, changed("/Options/B", "b", "c")),
    "a member added": ("Options", {"A": "a"}, {"A": "a", "B": "b"}, added("/Options/B", "b")),
    "a member removed": ("Options", {"A": "a", "B": "b"}, {"A": "a"}, removed("/Options/B", "b")),
    "a member deep down": (
        "Options", {"A": "a", "Inner": {"C": 1}}, {"A": "a", "Inner": {"C": 2}}, changed("/Options/Inner/C", 1, 2)
    ),
    "a set deep down": ("Options", {"Inner": {"D": ["a", "b"]}}, {"Inner": {"D": ["b", "a"]}}, []),
    "all members others": (
        "Options", {"A": "a", "B": "b"}, {"A": "c", "B": "d"},
        changed("/Options", {"A": "a", "B": "b"}, {"A": "c", "B": "d"}),
    ),
    "an object added": ("Options", None, {"A": "a"}, added("/Options", {"A": "a"})),
    "an object removed": ("Options", {"A": "a"}, None, removed("/Options", {"A": "a"})),
    "an empty object": ("Options", None, {}, added("/Options", {})),
    "a map's sets": ("Map", {"x": ["a", "b"]}, {"x": ["b", "a"]}, []),
    "a map's key with a slash and a tilde": (
        "Map", {"a/b~c": ["x"]}, {"a/b~c": ["x", "y"]}, added("/Map/a~1b~0c/-", "y"),
    ),
    "an alternative's sets": ("Any", {"One": ["a", "b"]}, {"One": ["b", "a"]}, []),
    "another alternative": ("Any", {"One": ["a"]}, "x", changed("/Any", {"One": ["a"]}, "x")),
    "a schema that refers to itself": (
        "Tree", {"Leaves": [{"Leaf": "a"}, {"Leaf": "b", "Leaves": [{"Leaf": "c"}]}]},
        {"Leaves": [{"Leaf": "b", "Leaves": [{"Leaf": "c"}]}, {"Leaf": "a"}]}, [],
    ),
    # What a read does not show.
    "a secret": ("Secret", None, "x", added("/Secret", "x")),
    "a secret that was shown": ("Secret", "****", "x", added("/Secret", "x")),
    "a secret that is shown as it is set": ("Secret", "x", "x", added("/Secret", "x")),
    "a secret within an object": (
        "Login", {"User": "u"}, {"User": "u", "Password": "p"}, added("/Login/Password", "p")
    ),
    "a secret within an object that changes": (
        "Login", {"User": "u"}, {"User": "v", "Password": "p"},
        [("test", "/Login/User", "u"), ("replace", "/Login/User", "v"), ("add", "/Login/Password", "p")],
    ),
    "an object that leaves its secret out": ("Login", {"User": "u"}, {"User": "v"}, changed("/Login/User", "u", "v")),
    "an object that is all secret": ("Login", None, {"Password": "p"}, added("/Login", {"Password": "p"})),
    "a secret of an item": (
        "Backends", [{"Host": "a"}, {"Host": "b"}], [{"Host": "b", "Token": "t"}, {"Host": "a"}],
        [("test", "/Backends/1/Host", "b"), ("add", "/Backends/1/Token", "t")],
    ),
    "an item with a secret": (
        "Backends", [{"Host": "a"}], [{"Host": "a"}, {"Host": "b", "Token": "t"}],
        added("/Backends/-", {"Host": "b", "Token": "t"}),
    ),
    "an object with a secret removed": (
        "Login", {"User": "u"}, None, [("test", "/Login/User", "u"), ("remove", "/Login")],
    ),
    # What only the service sets.
    "beside an address": (
        "Endpoint", {"Address": "x", "Port": 1}, {"Address": "x", "Port": 2}, changed("/Endpoint/Port", 1, 2)
    ),
    "an address left out stays": (
        "Endpoint", {"Address": "x", "Port": 1}, {"Port": 2}, changed("/Endpoint/Port", 1, 2),
    ),
    "only an address left": ("Endpoint", {"Address": "x", "Port": 1}, {}, removed("/Endpoint/Port", 1)),
    "an object with an address removed": (
        "Endpoint", {"Address": "x", "Port": 1}, None, [("test", "/Endpoint/Port", 1), ("remove", "/Endpoint")]
    ),
    "rules, their ids left out": (
        "Rules", [{"Id": "1", "Rank": 1}, {"Id": "2", "Rank": 2}], [{"Rank": 2}, {"Rank": 1}], []
    ),
    "a rule changed, known by its id": (
        "Rules", [{"Id": "1", "Rank": 1}, {"Id": "2", "Rank": 2}], [{"Id": "2", "Rank": 3}, {"Id": "1", "Rank": 1}],
        changed("/Rules/1/Rank", 2, 3),
    ),
    "a rule removed with its id": (
        "Rules", [{"Id": "1", "Rank": 1}, {"Id": "2", "Rank": 2}], [{"Id": "2", "Rank": 2}],
        [("test", "/Rules/0/Rank", 1), ("remove", "/Rules/0")],
    ),
    "a rule added": (
        "Rules", [{"Id": "1", "Rank": 1}], [{"Rank": 2}, {"Id": "1", "Rank": 1}], added("/Rules/-", {"Rank": 2})
    ),
    "one of two rules that differ by their ids": (
        "Rules", [{"Id": "1", "Rank": 1}, {"Id": "2", "Rank": 1}], [{"Id": "2", "Rank": 1}],
        [("test", "/Rules/0/Rank", 1), ("remove", "/Rules/0")],
    ),
    "a step added in front": (
        "Steps", [{"Id": "1", "Do": "a"}], [{"Do": "b"}, {"Id": "1", "Do": "a"}],
        [("test", "/Steps/0/Do", "a"), ("add", "/Steps/0", {"Do": "b"})],
    ),
    "a step changed": (
        "Steps", [{"Id": "1", "Do": "a"}, {"Id": "2", "Do": "b"}], [{"Do": "a"}, {"Do": "c"}],
        changed("/Steps/1/Do", "b", "c"),
    ),
    "steps in another order": (
        "Steps", [{"Id": "1", "Do": "a"}, {"Id": "2", "Do": "b"}], [{"Do": "b"}, {"Do": "a"}],
        [("test", "/Steps/1/Do", "b"), ("move", "/Steps/1", "/Steps/0")],
    ),
    "steps that differ by their ids in another order": (
        "Steps", [{"Id": "1"}, {"Id": "2"}], [{"Id": "2"}, {"Id": "1"}], [("move", "/Steps/1", "/Steps/0")]
    ),
    "steps moved, one changed, one added between": (
        "Steps", [{"Id": "1", "Do": "a"}, {"Id": "2", "Do": "b"}, {"Id": "3", "Do": "c"}],
        [{"Id": "3", "Do": "c"}, {"Do": "d"}, {"Do": "e"}, {"Id": "1", "Do": "a"}],
        [("test", "/Steps/1/Do", "b"), ("test", "/Steps/2/Do", "c"), ("test", "/Steps/0/Do", "a"),
         ("replace", "/Steps/1/Do", "d"), ("move", "/Steps/2", "/Steps/0"), ("move", "/Steps/2", "/Steps/1"),
         ("add", "/Steps/2", {"Do": "e"})],
    ),
    "a rule changed that is not named": (
        "Rules", [{"Id": "1", "Rank": 1}], [{"Rank": 2}], changed("/Rules/0/Rank", 1, 2)
    ),
    "a host changed, whose secret is another": (
        "Backends", [{"Host": "a"}], [{"Host": "b"}],
        [("test", "/Backends/0/Host", "a"), ("remove", "/Backends/0"), ("add", "/Backends/-", {"Host": "b"})],
    ),
    "a schema that leaves out the star": (
        "Unstarred", [{"Id": "1", "Rank": 1}], [{"Id": "1", "Rank": 2}], changed("/Unstarred/0/Rank", 1, 2)
    ),
    # What is set once and for all.
    "beside a type": ("Storage", {"Type": "t", "Size": 1}, {"Type": "t", "Size": 2}, changed("/Storage/Size", 1, 2)),
    "a volume's size": (
        "Volumes", [{"Name": "a", "Size": 1}], [{"Name": "a", "Size": 2}],
        [("test", "/Volumes/0/Name", "a"), ("test", "/Volumes/0/Size", 1), ("replace", "/Volumes/0/Size", 2)],
    ),
}  # fmt: skip


def test_the_table_is_as_long_as_it_should_be() -> None:
    assert len(SINGLE) >= 80


@pytest.mark.parametrize(("name", "old", "new", "document"), SINGLE.values(), ids=SINGLE.keys())
def test_documents(name: str, old: object, new: object, document: Sequence[Short]) -> None:
    before = {"Other": "x", **({} if old is None else {name: old})}
    assert difference(before, {name: new}) == list(document)


@pytest.mark.parametrize(("name", "old", "new", "document"), SINGLE.values(), ids=SINGLE.keys())
def test_documents_apply(name: str, old: object, new: object, document: Sequence[Short]) -> None:
    before = {} if old is None else {name: old}
    text = patch_document(THING, before, {name: new})
    after = before if text is None else jsonpatch.JsonPatch.from_string(text).apply(before)
    # Nothing is left to do, but for what a read would not show.
    again = patch_document(THING, after, {name: new})
    assert again is None or {operation["op"] for operation in json.loads(again)} - {"test"} == {"add"}


def test_guards_come_before_all_changes() -> None:
    assert difference({"Name": "a", "Size": 1}, {"Size": 2, "Name": None, "On": True}) == [
        ("test", "/Size", 1),
        ("test", "/Name", "a"),
        ("replace", "/Size", 2),
        ("remove", "/Name"),
        ("add", "/On", True),
    ]


def test_what_is_not_assigned_is_not_touched() -> None:
    assert difference({"Name": "a", "Arn": "arn", "Size": 1, "Set": ["a"]}, {"Size": 2}) == changed("/Size", 1, 2)


READ_ONLY, CREATE_ONLY, WRITE_ONLY = "is read-only", "is create-only.*would have to be replaced", "is write-only"


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("Arn", "a", "b", f"/Arn of Test::Shop::Thing {READ_ONLY}"),
        ("Arn", None, "b", READ_ONLY),
        ("Kind", "a", "b", f"/Kind of Test::Shop::Thing {CREATE_ONLY}"),
        ("Kind", "a", None, CREATE_ONLY),
        ("Endpoint", {"Address": "x"}, {"Address": "y"}, f"/Endpoint/Address of Test::Shop::Thing {READ_ONLY}"),
        ("Endpoint", {"Port": 1}, {"Port": 1, "Address": "y"}, f"/Endpoint/Address of Test::Shop::Thing {READ_ONLY}"),
        ("Endpoint", None, {"Address": "y"}, f"/Endpoint/Address of Test::Shop::Thing {READ_ONLY}"),
        ("Storage", {"Type": "t"}, {"Type": "u"}, f"/Storage/Type of Test::Shop::Thing {CREATE_ONLY}"),
        ("Storage", {"Type": "t", "Size": 1}, {"Size": 1}, f"/Storage/Type of Test::Shop::Thing {CREATE_ONLY}"),
        ("Storage", {"Type": "t"}, None, f"/Storage/Type of Test::Shop::Thing {CREATE_ONLY}"),
        ("Storage", None, {"Type": "t"}, f"/Storage/Type of Test::Shop::Thing {CREATE_ONLY}"),
        ("Volumes", [{"Name": "a"}], [], f"/Volumes/0/Name of Test::Shop::Thing {CREATE_ONLY}"),
        ("Volumes", [{"Name": "a"}], [{"Name": "b"}], f"/Volumes/0/Name of Test::Shop::Thing {CREATE_ONLY}"),
        ("Rules", [{"Id": "1", "Rank": 1}], [{"Id": "2", "Rank": 1}], f"/Rules/0/Id of Test::Shop::Thing {READ_ONLY}"),
        ("Rules", [], [{"Id": "2", "Rank": 1}], f"/Rules/-/Id of Test::Shop::Thing {READ_ONLY}"),
        ("Secret", None, None, f"/Secret of Test::Shop::Thing {WRITE_ONLY}"),
    ],
)
def test_what_cannot_be_changed(name: str, old: object, new: object, message: str) -> None:
    with pytest.raises(NotSupportedError, match=message):
        difference({} if old is None else {name: old}, {name: new})


def test_a_value_that_is_nested_deeply_takes_no_more_than_it_is_long() -> None:
    old, new, path = "a", "b", "/Map"
    before: dict[str, object] = {"x": [old]}
    after: dict[str, object] = {"x": [new]}
    for _ in range(20):
        before, after, path = {"m": before}, {"m": after}, f"{path}/m"
    tracemalloc.start()
    document = difference({"Map": before}, {"Map": after})
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert document == changed(f"{path}/x/0", old, new)
    assert most < 1_000_000


# How long a document may be


def test_guards_that_do_not_fit_are_left_out() -> None:
    old, new = "a" * 150_000, "b" * 150_000
    assert difference({"Name": old}, {"Name": new}) == [("replace", "/Name", new)]
    assert difference({"Size": 1, "Name": old, "On": True}, {"Size": 2, "Name": new, "On": False}) == [
        ("test", "/Size", 1), ("test", "/On", True),
        ("replace", "/Size", 2), ("replace", "/Name", new), ("replace", "/On", False),
    ]  # fmt: skip


def test_a_document_is_as_long_as_it_may_be() -> None:
    old = "a" * (patch.MAX_LENGTH - len(json.dumps([*map(operation, changed("/Name", "", "b"))])))
    assert len(str(patch_document(THING, {"Name": old}, {"Name": "b"}))) == patch.MAX_LENGTH
    assert difference({"Name": old}, {"Name": "b"}) == changed("/Name", old, "b")
    assert difference({"Name": old + "a"}, {"Name": "b"}) == [("replace", "/Name", "b")]


def test_a_document_that_does_not_fit_is_refused() -> None:
    with pytest.raises(DataError, match="takes 262144 at most"):
        difference({}, {"Name": "b" * patch.MAX_LENGTH})


# Documents that users give


@pytest.mark.parametrize(
    "document",
    [
        "[]",
        ' [ { "op" : "add", "path" : "/a" , "value" : null } ] ',
        '[{"op": "test", "path": "/a", "value": 1}, {"op": "remove", "path": "/a"}]',
        '[{"op": "move", "from": "/a", "path": "/b"}, {"op": "copy", "from": "/a/0", "path": "/b/-"}]',
        '[{"op": "replace", "path": "", "value": {}}]',
        '[{"op": "add", "path": "/a~1b~0c", "value": 1, "comment": "more members are ignored"}]',
    ],
)
def test_a_document_stays_as_it_stands(document: str) -> None:
    assert patch.checked(document) == document


def test_a_document_may_be_a_value() -> None:
    assert json.loads(patch.checked([{"op": "remove", "path": "/a"}])) == [{"op": "remove", "path": "/a"}]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("", "not JSON"),
        ("[", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('[{"op": "add", "path": "/a", "value": NaN}]', "not JSON: NaN is no JSON number"),
        ("{}", "must be a list"),
        ("null", "must be a list"),
        (None, "must be a list"),
        ("[1]", "must be a list"),
        ('[{"path": "/a"}]', "RFC 6902"),
        ('[{"op": "remove"}]', "RFC 6902"),
        ('[{"op": "nope", "path": "/a"}]', "RFC 6902"),
        ('[{"op": "Add", "path": "/a", "value": 1}]', "RFC 6902"),
        ('[{"op": null, "path": "/a"}]', "RFC 6902"),
        ('[{"op": "remove", "path": null}]', "RFC 6902"),
        ('[{"op": "remove", "path": "a"}]', "RFC 6902"),
        ('[{"op": "remove", "path": "/a~2"}]', "RFC 6902"),
        ('[{"op": "add", "path": "/a"}]', "lacks 'value'"),
        ('[{"op": "test", "path": "/a"}]', "lacks 'value'"),
        ('[{"op": "move", "path": "/a"}]', "lacks 'from'"),
        ('[{"op": "copy", "path": "/a", "from": "b"}]', "RFC 6902"),
        (json.dumps([{"op": "add", "path": "/a", "value": "x" * patch.MAX_LENGTH}]), "takes 262144 at most"),
    ],
)
def test_what_is_no_document(document: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        patch.checked(document)


def test_the_type_is_read_from_a_schema_as_the_catalogue_reads_it() -> None:
    assert isinstance(THING, ResourceType)
    assert "/Rules/*/Id" in THING.read_only
