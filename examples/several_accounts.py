"""Log groups of several accounts in all of their regions, by one statement.

python examples/several_accounts.py                                            # emulated accounts, no AWS needed
python examples/several_accounts.py prod=arn:aws:iam::…:role/reader dev=arn:…  # AWS, with roles that you may assume
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import ccdbapi
from ccdbapi.config import AccountSettings

EMULATED: Mapping[str, AccountSettings] = {
    "prod": {"role_arn": "arn:aws:iam::111111111111:role/reader"},
    "dev": {"role_arn": "arn:aws:iam::222222222222:role/reader"},
}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("accounts", nargs="*", metavar="ALIAS=ROLE_ARN", help="accounts of AWS, and roles in them")
    named = parser.parse_args().accounts
    accounts: dict[str, AccountSettings] = {
        alias: {"role_arn": role_arn} for alias, _, role_arn in (each.partition("=") for each in named)
    }
    with ccdbapi.connect(embedded=not named, accounts=accounts or EMULATED, regions=["all"]) as connection:
        if not named:
            fill(connection)
        show(connection)


def fill(connection: ccdbapi.Connection) -> None:
    """A few log groups for the emulated accounts: an INSERT says in which account, and where."""
    connection.cursor().executemany(
        "INSERT INTO awscc.logs.log_groups (LogGroupName, account_alias, region) VALUES (?, ?, ?)",
        [("/shop", "prod", "eu-west-1"), ("/shop", "dev", "eu-west-1"), ("/search", "prod", "us-east-1")],
    )


def show(connection: ccdbapi.Connection) -> None:
    """What there is, and then what is in one account in Europe: of nothing else is AWS asked then."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT account_alias, account, region, log_group_name FROM awscc.logs.log_groups_list_only")
        for row in sorted(cursor):
            print(*row)
        cursor.execute(
            "SELECT count(*) FROM awscc.logs.log_groups_list_only WHERE region LIKE 'eu-%' AND account_alias = 'prod'"
        )
        print("prod in Europe:", *cursor.fetchone() or ())


if __name__ == "__main__":
    main()
