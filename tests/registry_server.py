"""CloudFormation's registry, and STS, over a real socket, as far as schemas are read from them.

Requests are checked against botocore's model of the services, and answers are written by it.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.loaders import Loader
from botocore.validate import ParamValidator
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import QueryParser
from moto.core.serialize import QuerySerializer

ACCOUNT = "123456789012"


@dataclass
class Registered:
    """A type as the registry has it. ``version`` is what its listing says of its state."""

    schema: Mapping[str, object] | str
    version: Mapping[str, object] = field(default_factory=dict)
    private: bool = False
    provisioning: str = "FULLY_MUTABLE"
    deprecated: bool = False


class Refusal(Exception):
    """An error of the service."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def as_xml(self) -> str:
        """As the query protocol has it. moto's serializer knows no errors that the operation's model lacks."""
        said = f"<Type>Sender</Type><Code>{escape(self.code)}</Code><Message>{escape(str(self))}</Message>"
        return f"<ErrorResponse><Error>{said}</Error><RequestId>request-id</RequestId></ErrorResponse>"


class RegistryServer:
    """Its ``types`` may be changed between requests, and its ``refusals``: of an operation, or of describing a type."""

    def __init__(self, types: Mapping[str, Registered], page_size: int) -> None:
        self.types = dict(types)
        self.refusals: dict[str, Refusal] = {}
        self.throttled = 0
        self.calls: Counter[str] = Counter()
        self.described: list[str] = []
        self.signed_for: set[str] = set()
        self._page_size = page_size
        self._lock = threading.Lock()

    def answer(self, action: str, request: Mapping[str, object]) -> dict[str, object]:
        with self._lock:
            self.calls[action] += 1
            if self.throttled:
                self.throttled -= 1
                raise Refusal("Throttling", "Rate exceeded")
            if action in self.refusals:
                raise self.refusals[action]
            match action:
                case "GetCallerIdentity":
                    return {"Account": ACCOUNT, "UserId": "u", "Arn": f"arn:aws:iam::{ACCOUNT}:user/u"}
                case "ListTypes":
                    return self._list(request)
                case _:
                    return self._describe(str(request["TypeName"]))

    def _list(self, request: Mapping[str, object]) -> dict[str, object]:
        assert request["Type"] == "RESOURCE"
        names = [name for name, registered in sorted(self.types.items()) if _matches(name, registered, request)]
        start = int(str(request.get("NextToken", "0")))
        end = start + min(self._page_size, int(str(request.get("MaxResults", 100))))
        summaries = [{"Type": "RESOURCE", "TypeName": name, **self.types[name].version} for name in names[start:end]]
        return {"TypeSummaries": summaries} | ({"NextToken": str(end)} if end < len(names) else {})

    def _describe(self, name: str) -> dict[str, object]:
        self.described.append(name)
        if name in self.refusals:
            raise self.refusals[name]
        if name not in self.types:
            raise Refusal("TypeNotFoundException", f"The type '{name}' cannot be found.")
        schema = self.types[name].schema
        return {
            "TypeName": name,
            "Type": "RESOURCE",
            "Schema": schema if isinstance(schema, str) else json.dumps(schema),
        }


@contextmanager
def registry(types: Mapping[str, Registered], *, page_size: int = 100) -> Iterator[tuple[str, RegistryServer]]:
    """The URL of a registry with these types, and the registry."""
    service = RegistryServer(types, page_size)

    class Handler(_Handler):
        registry = service

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", service
        finally:
            server.shutdown()
            thread.join()


def _matches(name: str, registered: Registered, request: Mapping[str, object]) -> bool:
    filters = request.get("Filters", {})
    category = filters.get("Category") if isinstance(filters, Mapping) else None
    return (
        registered.private == (request.get("Visibility", "PRIVATE") == "PRIVATE")
        and registered.provisioning == request.get("ProvisioningType", registered.provisioning)
        and registered.deprecated == (request.get("DeprecatedStatus", "LIVE") == "DEPRECATED")
        and (category != "AWS_TYPES" or name.startswith("AWS::"))
    )


def _model(service: str, version: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2", version), service)


_MODELS: dict[str, OperationModel] = {
    operation: model.operation_model(operation)
    for model in (_model("cloudformation", "2010-05-15"), _model("sts", "2011-06-15"))
    for operation in ("ListTypes", "DescribeType", "GetCallerIdentity")
    if operation in model.operation_names
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: RegistryServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        values = dict(parse_qsl(body, keep_blank_values=True))
        model = _MODELS[values["Action"]]
        self.registry.signed_for.add(self.headers["Authorization"].split("/")[2])
        request = QueryParser(model).parse({"values": values})  # type: ignore[typeddict-item]  # it reads no other
        try:
            status, text = 200, self._result(model, request)
        except Refusal as refusal:
            status, text = 400, refusal.as_xml()
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _result(self, model: OperationModel, request: Mapping[str, object]) -> str:
        assert model.input_shape is not None
        objections = ParamValidator().validate(request, model.input_shape).generate_report()
        if objections:
            raise Refusal("ValidationError", objections)
        body = QuerySerializer(model).serialize(self.registry.answer(model.name, request))["body"]
        return body.decode() if isinstance(body, bytes) else body

    def log_message(self, *args: object) -> None:
        """Says nothing."""
