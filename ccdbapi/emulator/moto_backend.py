"""The service under moto's ``mock_aws``: a backend that is registered at run time.

moto ships none for Cloud Control. After `register`, every boto3 ``cloudcontrol`` client inside ``mock_aws`` reaches
the emulated service, beside moto's own backends (STS among them); its state lasts as long as theirs does.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

from botocore.exceptions import ConnectionClosedError
from moto import backend_index
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import BaseResponse

from ccdbapi.emulator.errors import ServiceError
from ccdbapi.emulator.service import CloudControl

_NAME = "cloudcontrol"
_URL_BASE = r"https?://cloudcontrolapi\.(.+)\.amazonaws\.com"

_Answer = tuple[int, dict[str, str], str]


def register(service: CloudControl | None = None) -> CloudControl:
    """Makes moto know Cloud Control, and gives the service that answers.

    To be called any number of times, before or inside ``mock_aws``; ``service`` replaces the one registered before.
    """
    if service is not None or _Registered.service is None:
        _Registered.service = service or CloudControl()
    if all(name != _NAME for name, _ in backend_index.backend_url_patterns):
        backend_index.backend_url_patterns.append((_NAME, re.compile(_URL_BASE)))
    # moto looks a backend up by importing a module of its own package.
    module = ModuleType(f"moto.{_NAME}", __doc__)
    module.__dict__[f"{_NAME}_backends"] = cloudcontrol_backends
    sys.modules[module.__name__] = module
    return _Registered.service


class _Registered:
    service: CloudControl | None = None


class CloudControlBackend(BaseBackend):
    """What moto keeps for an account and region: nothing but the way to forget the service's state."""

    def reset(self) -> None:
        """Forgets all state; moto does so where a ``mock_aws`` begins and ends."""
        if _Registered.service is not None:
            _Registered.service.clear()
        super().reset()

    @property
    def _url_module(self) -> SimpleNamespace:
        # The base class derives the name of a module ``urls`` from this module's name.
        paths: dict[str, Callable[..., _Answer]] = {"{0}/$": CloudControlResponse.dispatch}
        return SimpleNamespace(url_bases=[_URL_BASE], url_paths=paths)


cloudcontrol_backends: BackendDict[CloudControlBackend] = BackendDict(CloudControlBackend, _NAME)


class CloudControlResponse(BaseResponse):
    """Answers the requests of boto3 clients."""

    def __init__(self) -> None:
        super().__init__(service_name=_NAME)

    def call_action(self) -> _Answer:
        """The answer of the service to the request that moto has taken apart."""
        service = _Registered.service
        assert service is not None  # noqa: S101 - moto finds this class only once a service is registered
        # Touching the backend makes moto reset it when the mock ends.
        assert cloudcontrol_backends[self.current_account][self.region] is not None  # noqa: S101
        status = 200
        try:
            body = service.answer(
                self._get_action(), json.loads(self.body or "{}"), account=self.current_account, region=self.region
            )
        except ServiceError as error:
            status, body = error.status, error.body
        except ConnectionResetError as error:
            raise ConnectionClosedError(endpoint_url=self.uri, error=error) from error
        headers = {"x-amzn-RequestId": str(uuid.uuid4()), "Content-Type": "application/x-amz-json-1.0"}
        return status, headers, json.dumps(body, ensure_ascii=False)
