"""Makes the suite's dialect known before SQLAlchemy's plugin asks for it, and skips what cannot be."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects import registry

from sqlalchemy_suite.endpoint import OTHER_SERVICE
from sqlalchemy_suite.limits import reason_against

registry.register("awscc.suite", "sqlalchemy_suite.dialect", "SuiteDialect")


@pytest.hookimpl(trylast=True)
def pytest_sessionstart() -> None:
    """The name of a service has letters and digits only."""
    from sqlalchemy.testing import config

    for each in config.Config.all_configs():  # type: ignore[no-untyped-call]
        each.test_schema = OTHER_SERVICE
    setattr(config, "test_schema", OTHER_SERVICE)  # noqa: B010 - declared as None, and set by the plugin


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After SQLAlchemy's plugin, which makes a class for each dialect."""
    for item in items:
        class_name = item.parent.name.partition("_awscc")[0] if item.parent else ""
        reason = reason_against(f"{class_name}.{item.name}")
        if reason is not None:
            item.add_marker(pytest.mark.skip(reason=reason))
