"""URLs of engines: what they say to `ccdbapi.connect`, and what of them may be shown."""

from __future__ import annotations

from dataclasses import fields
from urllib.parse import unquote

from sqlalchemy.engine.url import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.util import to_list

from ccdbapi.exceptions import InterfaceError
from ccdbapi.url import settings_from_parts

_SECRETS = ("aws_secret_access_key", "aws_session_token")
_MASK = "***"


def connect_arguments(url: URL) -> dict[str, object]:
    """The keywords for `ccdbapi.connect`. Raises `ArgumentError` for what is wrong with the URL."""
    try:
        # By its parts, since SQLAlchemy 1.4 does not encode again all of what it has decoded. Only the service
        # may be encoded still, as some versions leave it.
        settings = settings_from_parts(
            url.username or "",
            str(url.password or ""),
            url.host or "",
            str(url.port or ""),
            unquote(url.database or "").strip("/"),
            ((name, text) for name, texts in url.query.items() for text in to_list(texts)),
        )
    except InterfaceError as error:
        raise ArgumentError(str(error)) from None
    given = ((field, getattr(settings, field.name)) for field in fields(settings))
    return {field.name: value for field, value in given if value != field.default}


class DiscreetURL(URL):
    """A URL that hides, wherever it hides the password, also the secrets in its query."""

    def render_as_string(self, hide_password: bool = True) -> str:
        """The URL as text."""
        if not hide_password:
            return super().render_as_string(hide_password=False)
        hidden = {name: _MASK for name in _SECRETS if name in self.query}
        if "@" in str(self.query.get("endpoint_url", "")):
            hidden["endpoint_url"] = _MASK
        masked = self.update_query_dict(hidden)
        return URL._make(masked).render_as_string(hide_password=True)
