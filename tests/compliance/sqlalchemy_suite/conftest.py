"""Makes the suite's dialect known before SQLAlchemy's plugin asks for it."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects import registry

from sqlalchemy_suite.endpoint import OTHER_SERVICE

registry.register("awscc.suite", "sqlalchemy_suite.dialect", "SuiteDialect")


@pytest.hookimpl(trylast=True)
def pytest_sessionstart() -> None:
    """The name of a service has letters and digits only."""
    from sqlalchemy.testing import config

    for each in config.Config.all_configs():  # type: ignore[no-untyped-call]
        each.test_schema = OTHER_SERVICE
    setattr(config, "test_schema", OTHER_SERVICE)  # noqa: B010 - declared as None, and set by the plugin
