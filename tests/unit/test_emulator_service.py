"""The emulated service's semantics, asked directly, by a clock that stands still until it is moved."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ccdbapi.catalog import Catalog
from ccdbapi.emulator.errors import ServiceError
from ccdbapi.emulator.options import Faults, Options
from ccdbapi.emulator.service import CloudControl
from ccdbapi.emulator.store import Store

HANDLERS = {name: {"permissions": [f"demo:{name.title()}Thing"]} for name in ("create", "read", "update", "delete")}

THING = {
    "typeName": "Acme::Demo::Thing",
    "definitions": {"Label": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5}},
    "properties": {
        "ThingName": {"type": "string", "minLength": 2},
        "ThingArn": {"type": "string", "pattern": "^arn:aws[-a-z]*:demo:[a-z0-9-]+:[0-9]{12}:gadget/.+$"},
        "Label": {"$ref": "#/definitions/Label"},
        "Size": {"type": "integer", "minimum": 1, "maximum": 9},
        "Mode": {"type": "string", "enum": ["slow", "fast"], "default": "slow"},
        "Secret": {"type": "string"},
        "Login": {
            "type": "object",
            "properties": {"User": {"type": "string"}, "Password": {"type": "string"}},
            "additionalProperties": False,
        },
        "CreatedAt": {"type": "string", "format": "date-time"},
    },
    "additionalProperties": False,
    "required": ["ThingName"],
    "readOnlyProperties": ["/properties/ThingArn", "/properties/CreatedAt"],
    "createOnlyProperties": ["/properties/ThingName"],
    "writeOnlyProperties": ["/properties/Secret", "/properties/Login/Password"],
    "primaryIdentifier": ["/properties/ThingArn"],
    "additionalIdentifiers": [["/properties/ThingName"]],
    "handlers": {**HANDLERS, "list": {"permissions": ["demo:ListThings"]}},
}

PART = {
    "typeName": "Acme::Demo::Part",
    "properties": {"Parent": {"type": "string"}, "PartId": {"type": "string"}, "Weight": {"type": "number"}},
    "additionalProperties": False,
    "required": ["Parent"],
    "readOnlyProperties": ["/properties/PartId"],
    "createOnlyProperties": ["/properties/Parent"],
    "primaryIdentifier": ["/properties/Parent", "/properties/PartId"],
    "handlers": {
        "create": HANDLERS["create"],
        "read": HANDLERS["read"],
        "list": {
            "permissions": ["demo:ListParts"],
            "handlerSchema": {
                "properties": {"Parent": {"$ref": "resource-schema.json#/properties/Parent"}},
                "required": ["Parent"],
            },
        },
    },
}

CATALOG = Catalog.from_schemas({str(schema["typeName"]): schema for schema in (THING, PART)})
HOUR = 3600.0

Json = dict[str, object]


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Caller:
    """Asks a service as one account in one region."""

    def __init__(self, service: CloudControl, account: str = "123456789012", region: str = "us-east-1") -> None:
        self.service = service
        self._where = {"account": account, "region": region}

    def __call__(self, operation: str, **payload: object) -> Json:
        return self.service.answer(operation, payload, **self._where)

    def event(self, operation: str, **payload: object) -> Json:
        event = self(operation, **payload)["ProgressEvent"]
        assert isinstance(event, dict)
        return event

    def create(self, type_name: str = "Acme::Demo::Thing", **desired: object) -> str:
        event = self.event("CreateResource", TypeName=type_name, DesiredState=json.dumps(desired))
        final = self.event("GetResourceRequestStatus", RequestToken=event["RequestToken"])
        assert final["OperationStatus"] == "SUCCESS", final
        return str(final["Identifier"])

    def read(self, identifier: str, type_name: str = "Acme::Demo::Thing") -> Json:
        description = self("GetResource", TypeName=type_name, Identifier=identifier)["ResourceDescription"]
        assert isinstance(description, dict)
        document = json.loads(description["Properties"])
        assert isinstance(document, dict)
        return document

    def names(self, **payload: object) -> list[str]:
        described = self("ListResources", **{"TypeName": "Acme::Demo::Thing", **payload})["ResourceDescriptions"]
        assert isinstance(described, list)
        return [description["Identifier"].rpartition("/")[2] for description in described]


def ask(clock: Callable[[], float] | None = None, **options: object) -> Caller:
    return Caller(CloudControl(Options(**options), catalog=CATALOG, clock=clock or Clock()))  # type: ignore[arg-type]


def refused(code: str) -> pytest.RaisesExc[ServiceError]:
    return pytest.RaisesExc(ServiceError, match=f"^{code}: ")


class TestCreate:
    def test_returns_an_event_that_is_not_final_and_the_resource_is_there_once_it_is(self) -> None:
        caller = ask()
        event = caller.event("CreateResource", TypeName="Acme::Demo::Thing", DesiredState='{"ThingName": "one"}')
        assert (event["OperationStatus"], event["Operation"]) == ("PENDING", "CREATE")
        assert event["RetryAfter"] == event["EventTime"]
        final = caller.event("GetResourceRequestStatus", RequestToken=event["RequestToken"])
        assert final["OperationStatus"] == "SUCCESS"
        assert "RetryAfter" not in final
        assert caller.read(str(final["Identifier"]))["ThingName"] == "one"

    def test_generates_what_is_read_only_and_applies_defaults(self) -> None:
        caller = ask()
        identifier = caller.create(ThingName="one")
        assert identifier == "arn:aws:demo:us-east-1:123456789012:gadget/one"
        state = caller.read(identifier)
        assert state == {
            "ThingName": "one",
            "Mode": "slow",
            "ThingArn": identifier,
            "CreatedAt": "2027-01-15T08:00:00Z",
        }

    def test_never_shows_what_is_write_only(self) -> None:
        caller = ask()
        identifier = caller.create(ThingName="one", Secret="s3cret", Login={"User": "u", "Password": "p"})
        assert "Secret" not in caller.read(identifier)
        assert caller.read(identifier)["Login"] == {"User": "u"}
        requests = caller("ListResourceRequests")
        assert "s3cret" not in json.dumps(requests)

    def test_joins_the_parts_of_a_composite_identifier(self) -> None:
        caller = ask()
        identifier = caller.create("Acme::Demo::Part", Parent="p1", Weight=1.5)
        parent, part = identifier.split("|")
        assert caller.read(identifier, "Acme::Demo::Part") == {"Parent": parent, "PartId": part, "Weight": 1.5}

    def test_fails_where_the_identifier_exists(self) -> None:
        caller = ask()
        caller.create(ThingName="one")
        event = caller.event("CreateResource", TypeName="Acme::Demo::Thing", DesiredState='{"ThingName": "one"}')
        final = caller.event("GetResourceRequestStatus", RequestToken=event["RequestToken"])
        assert (final["OperationStatus"], final["ErrorCode"]) == ("FAILED", "AlreadyExists")
        assert "already exists" in str(final["StatusMessage"])

    def test_fails_where_read_only_properties_are_given(self) -> None:
        caller = ask()
        desired = json.dumps({"ThingName": "one", "CreatedAt": "2020-01-01T00:00:00Z"})
        event = caller.event("CreateResource", TypeName="Acme::Demo::Thing", DesiredState=desired)
        final = caller.event("GetResourceRequestStatus", RequestToken=event["RequestToken"])
        assert (final["OperationStatus"], final["ErrorCode"]) == ("FAILED", "InvalidRequest")
        assert "/properties/CreatedAt" in str(final["StatusMessage"])
        assert caller.names() == []

    @pytest.mark.parametrize(
        ("desired", "said"),
        [
            ({}, "#: required key [ThingName] not found"),
            ({"ThingName": "one", "Nope": 1}, "#: extraneous key [Nope] is not permitted"),
            ({"ThingName": 1}, "#/ThingName: expected type: String, found: Integer"),
            ({"ThingName": "x"}, "#/ThingName: expected minLength: 2, actual: 1"),
            ({"ThingName": "one", "Label": "A"}, "#/Label: failed validation constraint for keyword [pattern]"),
            ({"ThingName": "one", "Label": "abcdef"}, "#/Label: expected maxLength: 5, actual: 6"),
            ({"ThingName": "one", "Size": 0}, "#/Size: 0 is not greater or equal to 1"),
            ({"ThingName": "one", "Mode": "idle"}, "#/Mode: idle is not a valid enum value"),
            ({"ThingName": "one", "Login": {"X": 1}}, "#/Login: extraneous key [X] is not permitted"),
        ],
    )
    def test_refuses_a_model_that_does_not_fit_the_schema(self, desired: Json, said: str) -> None:
        caller = ask()
        with refused("ValidationException") as caught:
            caller("CreateResource", TypeName="Acme::Demo::Thing", DesiredState=json.dumps(desired))
        assert caught.value.message.startswith("Model validation failed (")
        assert said in caught.value.message

    @pytest.mark.parametrize("desired", ["", "{", "[]", "null", '"x"', "[" * 100_000])
    def test_refuses_a_desired_state_that_is_no_json_object(self, desired: str) -> None:
        with refused("ValidationException" if not desired else "InvalidRequestException"):
            ask()("CreateResource", TypeName="Acme::Demo::Thing", DesiredState=desired)


class TestUpdate:
    def patch(self, caller: Caller, identifier: str, *operations: Json) -> Json:
        return caller.event(
            "UpdateResource",
            TypeName="Acme::Demo::Thing",
            Identifier=identifier,
            PatchDocument=json.dumps(operations),
        )

    def test_applies_the_patch(self) -> None:
        caller = ask()
        identifier = caller.create(ThingName="one", Label="abc", Size=1)
        self.patch(
            caller,
            identifier,
            {"op": "test", "path": "/Label", "value": "abc"},
            {"op": "replace", "path": "/Size", "value": 5},
            {"op": "remove", "path": "/Label"},
            {"op": "add", "path": "/Mode", "value": "fast"},
        )
        state = caller.read(identifier)
        assert (state["Size"], state["Mode"], "Label" in state) == (5, "fast", False)

    def test_keeps_write_only_properties_that_the_patch_does_not_name(self) -> None:
        caller = ask()
        identifier = caller.create(ThingName="one", Login={"User": "u", "Password": "p"})
        event = self.patch(caller, identifier, {"op": "replace", "path": "/Login/User", "value": "v"})
        assert event["OperationStatus"] == "PENDING"
        assert caller.read(identifier)["Login"] == {"User": "v"}

    @pytest.mark.parametrize(
        ("operation", "code", "said"),
        [
            ({"op": "replace", "path": "/ThingName", "value": "two"}, "NotUpdatableException", "/properties/ThingName"),
            ({"op": "remove", "path": "/ThingArn"}, "ValidationException", "readOnlyProperties [/properties/ThingArn]"),
            ({"op": "replace", "path": "/Secret", "value": "x"}, "ValidationException", "Invalid patch update"),
            ({"op": "remove", "path": "/Label"}, "ValidationException", "Invalid patch update"),
            ({"op": "add", "path": "/Size", "value": 99}, "ValidationException", "#/Size: 99 is not less"),
            ({"op": "test", "path": "/Mode", "value": "fast"}, "ValidationException", "Invalid patch update"),
            ({"op": "nope", "path": "/Mode"}, "ValidationException", "Invalid patch update"),
            ({"path": "/Mode"}, "ValidationException", "Invalid patch update"),
        ],
    )
    def test_refuses_what_may_not_be_changed(self, operation: Json, code: str, said: str) -> None:
        caller = ask()
        identifier = caller.create(ThingName="one")
        before = caller.read(identifier)
        with refused(code) as caught:
            self.patch(caller, identifier, operation)
        assert said in caught.value.message
        assert caller.read(identifier) == before

    @pytest.mark.parametrize("document", ["{", "{}", "[1]", "null"])
    def test_refuses_a_document_that_is_no_patch(self, document: str) -> None:
        caller = ask()
        identifier = caller.create(ThingName="one")
        with refused("ValidationException"):
            caller("UpdateResource", TypeName="Acme::Demo::Thing", Identifier=identifier, PatchDocument=document)

    def test_refuses_a_resource_that_is_missing(self) -> None:
        with refused("ResourceNotFoundException"):
            self.patch(ask(), "arn:nowhere")


class TestDelete:
    def test_removes_the_resource(self) -> None:
        caller = ask()
        identifier = caller.create(ThingName="one")
        caller("DeleteResource", TypeName="Acme::Demo::Thing", Identifier=identifier)
        with refused("ResourceNotFoundException"):
            caller.read(identifier)

    def test_of_a_missing_resource_fails_later(self) -> None:
        caller = ask()
        event = caller.event("DeleteResource", TypeName="Acme::Demo::Thing", Identifier="arn:nowhere")
        final = caller.event("GetResourceRequestStatus", RequestToken=event["RequestToken"])
        assert (final["OperationStatus"], final["ErrorCode"]) == ("FAILED", "NotFound")


class TestIdentifiers:
    @pytest.mark.parametrize("key", ["ThingArn", "ThingName"])
    def test_may_be_json_that_names_a_primary_or_secondary_identifier(self, key: str) -> None:
        caller = ask()
        identifier = caller.create(ThingName="one")
        given = json.dumps({key: caller.read(identifier)[key]})
        assert caller.read(given) == caller.read(identifier)

    def test_that_lead_nowhere_are_not_found(self) -> None:
        with refused("ResourceNotFoundException"):
            ask().read('{"ThingName": "nobody"}')

    @pytest.mark.parametrize(
        ("type_name", "given"),
        [("Acme::Demo::Part", "only-one-part"), ("Acme::Demo::Thing", '{"Label": "abc"}')],
    )
    def test_that_do_not_fit_the_type_are_refused(self, type_name: str, given: str) -> None:
        with refused("ValidationException") as caught:
            ask().read(given, type_name)
        assert "is not valid for identifier" in caught.value.message


class TestList:
    def test_shows_identifiers_only(self) -> None:
        caller = ask()
        identifier = caller.create(ThingName="one", Label="abc")
        answer = caller("ListResources", TypeName="Acme::Demo::Thing")
        assert answer["ResourceDescriptions"] == [
            {"Identifier": identifier, "Properties": json.dumps({"ThingArn": identifier})}
        ]

    @pytest.mark.parametrize(("page_size", "asked", "expected"), [(3, None, 3), (3, 2, 2), (3, 100, 3)])
    def test_pages_hold_no_more_than_is_asked_and_the_handler_gives(
        self, page_size: int, asked: int | None, expected: int
    ) -> None:
        caller = ask(page_size=page_size)
        wanted = [f"t{number}" for number in range(7)]
        for name in wanted:
            caller.create(ThingName=name)
        payload: Json = {} if asked is None else {"MaxResults": asked}
        found: list[str] = []
        sizes: list[int] = []
        while True:
            page = caller.names(**payload)
            found += page
            sizes.append(len(page))
            token = caller("ListResources", TypeName="Acme::Demo::Thing", **payload).get("NextToken")
            if token is None:
                break
            payload["NextToken"] = token
        assert found == wanted
        assert set(sizes[:-1]) == {expected}

    def test_continues_where_it_was_although_resources_come_and_go(self) -> None:
        caller = ask(page_size=2)
        identifiers = [caller.create(ThingName=name) for name in ("t1", "t2", "t3")]
        first = caller("ListResources", TypeName="Acme::Demo::Thing")
        caller("DeleteResource", TypeName="Acme::Demo::Thing", Identifier=identifiers[1])
        caller.create(ThingName="t4")
        assert caller.names(NextToken=first["NextToken"]) == ["t3", "t4"]

    def test_selects_by_the_parents_that_the_handler_asks_for(self) -> None:
        caller = ask()
        wanted = [caller.create("Acme::Demo::Part", Parent="p1") for _ in range(3)]
        caller.create("Acme::Demo::Part", Parent="p2")
        answer = caller("ListResources", TypeName="Acme::Demo::Part", ResourceModel='{"Parent": "p1"}')
        described = answer["ResourceDescriptions"]
        assert isinstance(described, list)
        assert [description["Identifier"] for description in described] == wanted

    @pytest.mark.parametrize("model", [{}, {"ResourceModel": "{}"}, {"ResourceModel": '{"Weight": 1}'}])
    def test_refuses_a_list_without_its_parents(self, model: Json) -> None:
        with refused("InvalidRequestException") as caught:
            ask()("ListResources", TypeName="Acme::Demo::Part", **model)
        assert "required key [Parent] not found" in caught.value.message

    @pytest.mark.parametrize("token", ["x", "bm9uc2Vuc2U=", "WyJvdGhlciIsIDFd"])
    def test_refuses_tokens_that_were_not_made_for_it(self, token: str) -> None:
        with refused("ValidationException"):
            ask()("ListResources", TypeName="Acme::Demo::Thing", NextToken=token)


class TestTypes:
    def test_unknown_types_are_refused(self) -> None:
        with refused("TypeNotFoundException"):
            ask()("ListResources", TypeName="Acme::Demo::Nothing")

    @pytest.mark.parametrize(
        ("operation", "payload"),
        [
            ("UpdateResource", {"Identifier": "a|b", "PatchDocument": "[]"}),
            ("DeleteResource", {"Identifier": "a|b"}),
        ],
    )
    def test_actions_without_a_handler_are_refused(self, operation: str, payload: Json) -> None:
        with refused("UnsupportedActionException"):
            ask()(operation, TypeName="Acme::Demo::Part", **payload)

    def test_accounts_and_regions_do_not_see_each_other(self) -> None:
        caller = ask()
        caller.create(ThingName="one")
        elsewhere = Caller(caller.service, region="eu-west-1")
        somebody = Caller(caller.service, account="210987654321")
        assert (caller.names(), elsewhere.names(), somebody.names()) == (["one"], [], [])
        assert "eu-west-1" in elsewhere.create(ThingName="one")


class TestProgress:
    def begin(self, caller: Caller, **extra: object) -> Json:
        desired = '{"ThingName": "one"}'
        return caller.event("CreateResource", TypeName="Acme::Demo::Thing", DesiredState=desired, **extra)

    def status(self, caller: Caller, event: Json) -> object:
        return caller.event("GetResourceRequestStatus", RequestToken=event["RequestToken"])["OperationStatus"]

    def test_goes_by_the_clock(self) -> None:
        clock = Clock()
        caller = ask(clock, settle=8.0)
        event = self.begin(caller)
        assert event["RetryAfter"] == clock.now + 8
        seen = []
        for _ in range(5):
            seen.append((self.status(caller, event), len(caller.names())))
            clock.now += 2
        assert seen == [
            ("PENDING", 0),
            ("IN_PROGRESS", 0),
            ("IN_PROGRESS", 0),
            ("IN_PROGRESS", 0),
            ("SUCCESS", 1),
        ]

    def test_is_remembered_for_seven_days(self) -> None:
        clock = Clock()
        caller = ask(clock)
        event = self.begin(caller)
        clock.now += 7 * 24 * HOUR
        assert self.status(caller, event) == "SUCCESS"
        clock.now += 1
        with refused("RequestTokenNotFoundException"):
            self.status(caller, event)

    def test_belongs_to_one_account_and_region(self) -> None:
        caller = ask()
        event = self.begin(caller)
        with refused("RequestTokenNotFoundException"):
            self.status(Caller(caller.service, region="eu-west-1"), event)

    def test_excludes_another_request_on_the_same_resource(self) -> None:
        clock = Clock()
        caller = ask(clock, settle=8.0)
        event = self.begin(caller)
        again = {"TypeName": "Acme::Demo::Thing", "Identifier": event["Identifier"]}
        with refused("ConcurrentOperationException"):
            self.begin(caller)
        with refused("ConcurrentOperationException"):
            caller("UpdateResource", **again, PatchDocument="[]")
        with refused("ConcurrentOperationException"):
            caller("DeleteResource", **again)
        clock.now += 8
        caller("DeleteResource", TypeName="Acme::Demo::Thing", Identifier=event["Identifier"])

    def test_can_be_cancelled_until_it_is_final(self) -> None:
        clock = Clock()
        caller = ask(clock, settle=8.0)
        event = self.begin(caller)
        cancelled = caller.event("CancelResourceRequest", RequestToken=event["RequestToken"])
        assert cancelled["OperationStatus"] == "CANCEL_IN_PROGRESS"
        clock.now += 8
        assert self.status(caller, event) == "CANCEL_COMPLETE"
        assert caller.names() == []
        with refused("ConcurrentModificationException") as caught:
            caller("CancelResourceRequest", RequestToken=event["RequestToken"])
        assert caught.value.status == 500

    def test_lists_requests_newest_first_and_filtered(self) -> None:
        caller = ask()
        identifier = caller.create(ThingName="one")
        caller("DeleteResource", TypeName="Acme::Demo::Thing", Identifier=identifier)
        caller("DeleteResource", TypeName="Acme::Demo::Thing", Identifier=identifier)

        def listed(**criteria: list[str]) -> list[tuple[str, str]]:
            answer = caller("ListResourceRequests", ResourceRequestStatusFilter=criteria)
            summaries = answer["ResourceRequestStatusSummaries"]
            assert isinstance(summaries, list)
            return [(event["Operation"], event["OperationStatus"]) for event in summaries]

        everything = [("DELETE", "FAILED"), ("DELETE", "SUCCESS"), ("CREATE", "SUCCESS")]
        assert listed() == everything
        assert listed(Operations=["DELETE"]) == everything[:2]
        assert listed(OperationStatuses=["SUCCESS"]) == everything[1:]
        assert listed(Operations=["CREATE"], OperationStatuses=["FAILED"]) == []

    def test_lists_requests_in_pages_of_twenty(self) -> None:
        caller = ask()
        for number in range(25):
            caller.create(ThingName=f"t{number}")
        first = caller("ListResourceRequests")
        rest = caller("ListResourceRequests", NextToken=first["NextToken"])
        sizes = [len(page["ResourceRequestStatusSummaries"]) for page in (first, rest)]  # type: ignore[arg-type]
        assert sizes == [20, 5]
        assert "NextToken" not in rest


class TestClientTokens:
    def test_repeating_a_request_repeats_its_event_and_nothing_else(self) -> None:
        caller = ask()
        wanted = {"TypeName": "Acme::Demo::Thing", "DesiredState": '{"ThingName": "one"}', "ClientToken": "t1"}
        first = caller.event("CreateResource", **wanted)
        again = caller.event("CreateResource", **wanted)
        assert again["RequestToken"] == first["RequestToken"]
        assert again["OperationStatus"] == "SUCCESS"
        assert caller.names() == ["one"]

    def test_conflicts_where_the_input_differs(self) -> None:
        caller = ask()
        caller("CreateResource", TypeName="Acme::Demo::Thing", DesiredState='{"ThingName": "one"}', ClientToken="t1")
        with refused("ClientTokenConflictException"):
            caller(
                "CreateResource", TypeName="Acme::Demo::Thing", DesiredState='{"ThingName": "two"}', ClientToken="t1"
            )
        with refused("ClientTokenConflictException"):
            caller("DeleteResource", TypeName="Acme::Demo::Thing", Identifier="one", ClientToken="t1")

    def test_is_forgotten_after_36_hours(self) -> None:
        clock = Clock()
        caller = ask(clock)
        wanted = {"TypeName": "Acme::Demo::Thing", "Identifier": "arn:x", "ClientToken": "t1"}
        first = caller.event("DeleteResource", **wanted)
        clock.now += 36 * HOUR
        assert caller.event("DeleteResource", **wanted)["RequestToken"] == first["RequestToken"]
        clock.now += 1
        assert caller.event("DeleteResource", **wanted)["RequestToken"] != first["RequestToken"]


class TestDisturbances:
    def test_throttles_each_account_and_region_by_itself(self) -> None:
        clock = Clock()
        caller = ask(clock, throttle_rate=2.0)
        elsewhere = Caller(caller.service, region="eu-west-1")
        caller.names()
        caller.names()
        with refused("ThrottlingException"):
            caller.names()
        elsewhere.names()
        clock.now += 0.5
        caller.names()
        assert [call.error for call in caller.service.calls] == [None, None, "ThrottlingException", None, None]

    @pytest.mark.parametrize(("burst", "admitted"), [(None, 4), (1.0, 1), (2.5, 2), (6.0, 6)])
    def test_throttles_what_comes_at_once_beyond_the_burst(self, burst: float | None, admitted: int) -> None:
        caller = ask(Clock(), throttle_rate=4.0, throttle_burst=burst)
        for _ in range(admitted):
            caller.names()
        with refused("ThrottlingException"):
            caller.names()

    def test_breaks_connections_before_and_after_handling(self) -> None:
        before, after = ask(faults=Faults(drop_before=1)), ask(faults=Faults(drop_after=1))
        for caller in (before, after):
            with pytest.raises(ConnectionResetError):
                caller("CreateResource", TypeName="Acme::Demo::Thing", DesiredState='{"ThingName": "one"}')
            assert caller.service.calls[0].error == "ConnectionResetError"

    def test_fails_as_a_server_does(self) -> None:
        with refused("ServiceInternalErrorException") as caught:
            ask(faults=Faults(server_error=1)).names()
        assert caught.value.status == 500

    def test_throttles_a_share_of_requests_and_handles_none_of_these(self) -> None:
        store, refusals = Store(), []
        caller = Caller(CloudControl(Options(faults=Faults(throttled=0.4, seed=5)), store, CATALOG))
        for number in range(100):
            try:
                caller("CreateResource", TypeName="Acme::Demo::Thing", DesiredState=f'{{"ThingName": "n{number}"}}')
            except ServiceError as refusal:
                refusals.append((refusal.code, refusal.message, refusal.status))
        assert set(refusals) == {("ThrottlingException", "Rate exceeded", 400)}
        assert 25 <= len(refusals) <= 55
        assert [call.error for call in caller.service.calls].count("ThrottlingException") == len(refusals)
        quiet = Caller(CloudControl(Options(page_size=100), store, CATALOG))
        assert len(quiet.names(MaxResults=100)) == 100 - len(refusals)

    @pytest.mark.parametrize("fault", ["throttled", "server_error"])
    def test_draws_the_same_faults_from_the_same_seed(self, fault: str) -> None:
        def outcomes(seed: int) -> list[bool]:
            caller = ask(faults=Faults(**{fault: 0.5}, seed=seed))
            for _ in range(40):
                try:
                    caller.names()
                except ServiceError:
                    continue
            return [call.error is None for call in caller.service.calls]

        assert outcomes(1) == outcomes(1) != outcomes(2)

    def test_logs_calls_in_order_with_their_payload(self) -> None:
        caller = ask()
        with pytest.raises(ServiceError):
            caller.read("arn:x")
        caller.names()
        (call, _) = caller.service.calls
        assert (call.operation, call.region, call.account) == ("GetResource", "us-east-1", "123456789012")
        assert call.payload == {"TypeName": "Acme::Demo::Thing", "Identifier": "arn:x"}
        assert [call.error for call in caller.service.calls] == ["ResourceNotFoundException", None]


@pytest.mark.parametrize(
    ("operation", "payload", "code", "said"),
    [
        ("GetResource", {}, "ValidationException", "2 validation errors detected"),
        ("GetResource", {"TypeName": "x", "Identifier": "y"}, "ValidationException", "length greater than or equal"),
        (
            "ListResources",
            {"TypeName": "Acme::Demo::Thing", "MaxResults": 101},
            "ValidationException",
            "at 'maxResults'",
        ),
        ("ListResources", {"TypeName": "Acme::Demo::Thing", "RoleArn": "a" * 30}, "ValidationException", "pattern"),
        ("ListResources", {"TypeName": 5}, "SerializationException", "string"),
        ("ListResources", {"TypeName": "Acme::Demo::Thing", "MaxResults": True}, "SerializationException", "integer"),
        (
            "ListResourceRequests",
            {"ResourceRequestStatusFilter": {"Operations": ["RENAME"]}},
            "ValidationException",
            "enum value set: [CREATE, DELETE, UPDATE]",
        ),
        ("GetResourceRequestStatus", {"RequestToken": "a b"}, "ValidationException", "pattern"),
        ("GetResourceRequestStatus", {"RequestToken": "unknown"}, "RequestTokenNotFoundException", "unknown"),
        ("CancelResourceRequest", {"RequestToken": "unknown"}, "RequestTokenNotFoundException", "unknown"),
        ("RenameResource", {}, "UnknownOperationException", "RenameResource"),
    ],
)
def test_requests_that_break_the_contract_are_refused(operation: str, payload: Json, code: str, said: str) -> None:
    with refused(code) as caught:
        ask()(operation, **payload)
    assert said in caught.value.message


def test_what_is_sensitive_is_in_no_message() -> None:
    with refused("ValidationException") as caught:
        ask()("CreateResource", TypeName="Acme::Demo::Thing", DesiredState="s3cret" * 50_000)
    assert "s3cret" not in caught.value.message
