"""What SQLAlchemy's suite is to do for each of several processes: nothing, since each has an endpoint of its own.

SQLAlchemy loads it with the dialect, see ``Dialect.load_provisioning``.
"""

from __future__ import annotations

from sqlalchemy.engine import URL
from sqlalchemy.testing.provision import create_db, drop_db, follower_url_from_main


@follower_url_from_main.for_db("awscc")  # type: ignore[untyped-decorator]
def _url(url: URL, ident: str) -> URL:
    return url


def _nothing(config: object, engine: object, ident: str) -> None:
    pass


create_db.for_db("awscc")(_nothing)
drop_db.for_db("awscc")(_nothing)
