"""Patch documents for the packaged schemas: they lead where they should, and touch nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import jsonpatch
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccdbapi.catalog import ResourceType, Schema, packaged, schemas
from ccdbapi.execution.patching import patch_document

#: Types with arrays that have no order, tags, and properties below the top level that are read-only, write-only, …
TYPES = (
    "AWS::SageMaker::Image", "AWS::Lambda::Function", "AWS::S3::Bucket", "AWS::EC2::Instance", "AWS::RDS::DBInstance",
    "AWS::IAM::User", "AWS::Bedrock::Agent", "AWS::Batch::ComputeEnvironment", "AWS::AppConfig::ExperimentDefinition",
    "AWS::BedrockAgentCore::Memory", "AWS::AuditManager::Assessment", "AWS::AuditManager::Control",
    "AWS::AppStream::Stack", "AWS::Bedrock::Prompt", "AWS::ECS::Service", "AWS::ECS::TaskDefinition",
    "AWS::CloudFront::Distribution", "AWS::DynamoDB::Table", "AWS::ElasticLoadBalancingV2::ListenerRule",
    "AWS::WAFv2::WebACL", "AWS::Cognito::UserPool", "AWS::EKS::Cluster", "AWS::ApiGateway::RestApi",
    "AWS::SSM::Document", "AWS::MSK::Cluster",
)  # fmt: skip

#: A path of a schema, in tokens.
Path = tuple[str, ...]

#: One is so long that to write a value anew is longer than to change a part of it.
_WORDS = st.sampled_from(["a", "b", "[1]", "long " * 40])
_SCALARS: Mapping[str, st.SearchStrategy[object]] = {
    "string": _WORDS,
    "integer": st.integers(0, 3),
    "number": st.sampled_from([0, 1, 1.0, 1.5]),
    "boolean": st.booleans(),
}


def paths(pointers: frozenset[str]) -> frozenset[Path]:
    return frozenset(tuple(pointer.split("/")[1:]) for pointer in pointers)


def marked(path: Path, marks: frozenset[Path]) -> bool:
    """Whether the path, or one above it, is among the marks; both name items by ``*``."""
    return any(path[:end] in marks for end in range(1, len(path) + 1))


def unstarred(path: Path) -> Path:
    return tuple(token for token in path if token != "*")


class Model:
    """The properties of a type: which an update may set, and values of theirs."""

    def __init__(self, resource_type: ResourceType) -> None:
        self.type = resource_type
        # Some schemas leave the * out; here it is left out everywhere.
        self.read_only, self.write_only, self.create_only = (
            frozenset(map(unstarred, paths(pointers)))
            for pointers in (resource_type.read_only, resource_type.write_only, resource_type.create_only)
        )
        fixed = {path[0] for path in self.create_only} | {path[0] for path in self.read_only if len(path) == 1}
        self.settable = sorted(schemas.as_mapping(resource_type.schema["properties"]).keys() - fixed)

    def value(self, path: Path, node: Schema, depth: int, *, shown: bool) -> st.SearchStrategy[Any]:
        """Values at ``path``: as a read shows them, or as one may set them."""
        root = self.type.schema
        kind = next((name for name in (*_SCALARS, "array") if name in schemas._json_types(root, node)), "object")
        if kind in _SCALARS:
            return _SCALARS[kind]
        if kind == "array":
            item = self.value(path, schemas.items(root, node), depth - 1, shown=shown)
            return st.lists(item, max_size=3 if depth > 0 else 0)
        names = list(schemas.as_mapping(schemas.as_mapping(node).get("properties")))[:8] or ["x", "y/z~"]
        hidden = self.write_only if shown else self.read_only
        members = {
            name: self.value((*path, name), schemas.member(root, node, name), depth - 1, shown=shown)
            for name in names
            if depth > 0 and not marked((*path, name), hidden)
        }
        return st.fixed_dictionaries({}, optional=members)

    def values(self, *, shown: bool) -> st.SearchStrategy[dict[str, Any]]:
        members = {
            name: self.value((name,), schemas.member(self.type.schema, self.type.schema, name), 5, shown=shown)
            for name in self.settable
            if not (shown and (name,) in self.write_only)
        }
        return st.dictionaries(st.sampled_from(sorted(members)), st.just(None), max_size=4).flatmap(
            lambda chosen: st.fixed_dictionaries({name: members[name] for name in chosen})
        )

    def comparable(self, path: Path, node: Schema, value: object) -> str:
        """A text that is equal for values that are the same to the service: no read-only ones, sets sorted."""
        root = self.type.schema
        if isinstance(value, dict):
            kept = {
                name: self.comparable((*path, name), schemas.member(root, node, name), child)
                for name, child in value.items()
                if not marked((*path, name), self.read_only)
            }
            return json.dumps(kept, sort_keys=True)
        if isinstance(value, list):
            texts = [self.comparable(path, schemas.items(root, node), item) for item in value]
            pointer = "/" + "/".join(path)
            unordered = node.get("insertionOrder") is False or pointer in schemas.tag_pointers(root)
            return json.dumps(sorted(texts) if unordered else texts)
        return json.dumps(float(value) if isinstance(value, int) and not isinstance(value, bool) else value)

    def comparables(self, model: Mapping[str, object]) -> dict[str, str]:
        root = self.type.schema
        return {name: self.comparable((name,), schemas.member(root, root, name), model[name]) for name in model}


@cache
def model_of(type_name: str) -> Model:
    return Model(packaged().resource_type(type_name))


@st.composite
def altered(draw: st.DrawFn, model: Model, path: Path, value: Any) -> Any:
    """The value with another one somewhere within, where an update may set it."""
    if isinstance(value, list) and value:
        index = draw(st.integers(0, len(value) - 1))
        return [*value[:index], draw(altered(model, path, value[index])), *value[index + 1 :]]
    names = [name for name in value if not marked((*path, name), model.read_only)] if isinstance(value, dict) else []
    if names:
        name = draw(st.sampled_from(names))
        return value | {name: draw(altered(model, (*path, name), value[name]))}
    return draw(_WORDS) if isinstance(value, str) else value


@st.composite
def updates(draw: st.DrawFn) -> tuple[Model, dict[str, Any], dict[str, Any]]:
    """A resource as a read shows it, and values to be set: new ones, the same ones, ones that are alike, or none."""
    model = model_of(draw(st.sampled_from(TYPES)))
    before = draw(model.values(shown=True))
    assigned: dict[str, Any] = draw(model.values(shown=False))
    for name, value in before.items():
        match draw(st.sampled_from(["leave", "reset", "alter", "reverse", "extend", "remove"])):
            case "reset":
                assigned[name] = value
            case "alter":
                assigned[name] = draw(altered(model, (name,), value))
            case "reverse" if isinstance(value, list):
                assigned[name] = value[::-1]
            case "extend" if isinstance(value, list) and isinstance(assigned.get(name), list):
                assigned[name] = assigned[name] + value[1:]
            case "extend" if isinstance(value, dict) and isinstance(assigned.get(name), dict):
                assigned[name] = value | assigned[name]
            case "remove":
                assigned[name] = None
    return model, before, assigned


def operations_of(document: str | None) -> list[dict[str, Any]]:
    return [] if document is None else json.loads(document)


def concrete(pointer: str) -> Path:
    tokens = (token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:])
    return tuple(token for token in tokens if token != "-" and not token.isdecimal())


def applied(document: str | None, before: Mapping[str, object]) -> dict[str, object]:
    result: dict[str, object] = jsonpatch.JsonPatch(operations_of(document)).apply(before)
    return result


@given(updates())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_document_leads_to_what_was_asked_for(update: tuple[Model, dict[str, Any], dict[str, Any]]) -> None:
    model, before, assigned = update
    document = patch_document(model.type, before, assigned)
    after = applied(document, before)
    wanted = {name: value for name, value in (before | assigned).items() if value is not None}
    assert model.comparables(after) == model.comparables(wanted)


@given(updates())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_document_touches_nothing_that_it_must_not(update: tuple[Model, dict[str, Any], dict[str, Any]]) -> None:
    model, before, assigned = update
    for operation in operations_of(patch_document(model.type, before, assigned)):
        path = concrete(operation["path"])
        assert path[0] in assigned
        if operation["op"] == "test":
            assert not marked(path, model.write_only)
            assert not marked(path, model.read_only)
        else:
            assert not marked(path, model.read_only | model.create_only)
            assert operation["op"] == "add" or not marked(path, model.write_only)
    # What the service has set stays, or goes with the whole that it is part of; none is made up.
    after = applied(patch_document(model.type, before, assigned), before)
    assert set(read_only_values(model, after)) <= set(read_only_values(model, before))


@given(updates())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_document_is_no_longer_than_it_must_be(update: tuple[Model, dict[str, Any], dict[str, Any]]) -> None:
    model, before, assigned = update
    for name, value in assigned.items():
        document = patch_document(model.type, before, {name: value})
        kept = {name: before[name]} if name in before else {}
        wanted = {name: value} if value is not None else {}
        hidden = any(path[0] == name for path in model.write_only)
        if model.comparables(kept) == model.comparables(wanted) and not hidden:
            assert document is None
        elif kept and wanted and not hidden and not any(path[0] == name for path in model.read_only):
            pointer = "/" + name
            whole = [{"op": "test", "path": pointer, "value": kept[name]}]
            whole += [{"op": "replace", "path": pointer, "value": value}]
            assert len(str(document)) <= len(json.dumps(whole))


#: Tags, whose order means nothing, by keys and values of which there are few.
_TAGS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["x", "y", "long " * 10]), max_size=3).flatmap(
    lambda tags: st.permutations([{"Key": key, "Value": value} for key, value in tags.items()])
)


@given(before=_TAGS, wanted=_TAGS, meanwhile=_TAGS)
@settings(max_examples=1000, deadline=None)
def test_what_another_has_changed_meanwhile_is_not_lost(
    before: list[object], wanted: list[object], meanwhile: list[object]
) -> None:
    document = patch_document(packaged().resource_type("AWS::SageMaker::Image"), {"Tags": before}, {"Tags": wanted})
    try:
        after: Any = applied(document, {"Tags": meanwhile})["Tags"]
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException):
        return
    assert all(tag in after for tag in meanwhile if tag not in before)
    if sorted(map(str, meanwhile)) == sorted(map(str, before)):
        assert sorted(map(str, after)) == sorted(map(str, wanted))


def read_only_values(model: Model, value: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if marked(path, model.read_only):
        yield path, json.dumps(value)
    elif isinstance(value, dict):
        for name, child in value.items():
            yield from read_only_values(model, child, (*path, name))
    elif isinstance(value, list):
        for item in value:
            yield from read_only_values(model, item, path)


@pytest.mark.parametrize("type_name", TYPES)
def test_the_types_can_be_updated(type_name: str) -> None:
    assert "update" in packaged().resource_type(type_name).handlers
    assert model_of(type_name).settable
