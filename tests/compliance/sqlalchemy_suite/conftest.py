"""Makes the suite's dialect known before SQLAlchemy's plugin asks for it, and skips what cannot be."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects import registry

from sqlalchemy_suite.endpoint import OTHER_SERVICE
from sqlalchemy_suite.limits import reason_against

registry.register("awscc.suite", "sqlalchemy_suite.dialect", "SuiteDialect")
registry.register("awscc.suiteaio", "sqlalchemy_suite.dialect", "SuiteAioDialect")


@pytest.hookimpl(trylast=True)
def pytest_sessionstart() -> None:
    """The name of a service has letters and digits only, and SQLAlchemy's plugin lets nobody choose another."""
    from sqlalchemy.testing import config

    setattr(config.Config, "test_schema", property(lambda _: OTHER_SERVICE, lambda _, __: None))  # noqa: B010
    setattr(config, "test_schema", OTHER_SERVICE)  # noqa: B010


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After SQLAlchemy's plugin, which makes a class for each dialect."""
    for item in items:
        class_name = item.parent.name.partition("_awscc")[0] if item.parent else ""
        reason = reason_against(f"{class_name}.{item.name}")
        if reason is not None:
            item.add_marker(pytest.mark.skip(reason=reason))
