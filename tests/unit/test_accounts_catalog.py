"""The catalogue over several accounts: the columns that its tables have then."""

from __future__ import annotations

import pytest

from ccdbapi.catalog import AccountsCatalog, Table, packaged

CATALOG = AccountsCatalog.over(packaged())


def names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


@pytest.mark.parametrize(
    ("service", "table", "columns"),
    [
        (
            "sagemaker",
            "images",
            "region account account_alias image_name image_arn image_role_arn image_display_name image_description "
            "tags Identifier",
        ),
        ("sagemaker", "images_list_only", "region account account_alias image_arn Identifier"),
        ("cloud_control", "resource", "identifier properties region account account_alias TypeName"),
    ],
)
def test_the_account_comes_after_the_region(service: str, table: str, columns: str) -> None:
    assert names(CATALOG.table(service, table)) == columns.split()
    assert names(packaged().table(service, table)) == [
        name for name in columns.split() if name not in ("account", "account_alias")
    ]


@pytest.mark.parametrize("suffix", ["", "_list_only"])
@pytest.mark.parametrize(
    ("service", "table", "name", "renamed", "pointer"),
    [
        ("redshift", "endpoint_authorizations", "account", "property_account", "/Account"),
        ("supportapp", "account_aliases", "account_alias", "property_account_alias", "/AccountAlias"),
    ],
)
def test_a_property_of_such_a_name_gives_way_as_one_called_region_does(
    service: str, table: str, suffix: str, name: str, renamed: str, pointer: str
) -> None:
    found = CATALOG.table(service, table + suffix)
    assert [column.name for column in found.columns if column.pointer == pointer] == [renamed]
    for spelling in (name, name.upper()):
        column = found.column(spelling)
        assert column is not None
        assert column.pointer is None
        assert found.property_column(spelling) is None
    own = packaged().table(service, table + suffix).property_column(name)
    assert own is not None
    assert own.pointer == pointer


def test_every_table_has_the_columns_once() -> None:
    for service in CATALOG.services():
        for name in CATALOG.tables(service):
            folded = [column.lower() for column in names(CATALOG.table(service, name))]
            assert len(set(folded)) == len(folded), f"{service}.{name}"
            assert folded.index("account_alias") == folded.index("account") + 1 == folded.index("region") + 2
