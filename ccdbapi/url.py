"""Settings as a URL: ``awscc://[key:secret@][region][/service][?name=value&…]``, the names as in `ccdbapi.connect`."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from os import PathLike, fspath
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from ccdbapi.config import Settings
from ccdbapi.exceptions import InterfaceError

SCHEME = "awscc"

_WORDS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


def settings_from_url(url: str) -> Settings:
    """The settings that the URL gives, the others at their defaults. Text in it is percent-encoded where it has to be.

    Truth values are ``true`` or ``false``, numbers decimal, ``none`` is None where that is a setting; several regions
    are ``regions=us-east-1,eu-west-1``. Raises `InterfaceError` for a URL of another kind, an unknown or repeated name,
    a value that is none, and what `Settings` refuses; no message repeats the URL, which may hold a secret.
    """
    parts = urlsplit(url)
    if parts.scheme.partition("+")[0] != SCHEME:
        raise InterfaceError(f"A URL of this driver begins with {SCHEME}://, as in {SCHEME}://us-east-1/sagemaker.")
    userinfo, _, place = parts.netloc.rpartition("@")
    key, _, secret = userinfo.partition(":")
    region, _, port = place.partition(":")
    schema = unquote(parts.path.strip("/"))
    return settings_from_parts(
        unquote(key), unquote(secret), unquote(region), port, schema, parse_qsl(parts.query, keep_blank_values=True)
    )


def settings_from_parts(
    key: str, secret: str, region: str, port: str, schema: str, query: Iterable[tuple[str, str]]
) -> Settings:
    """The settings that the parts of a URL give, as text that is no longer percent-encoded; empty where there is none.

    Raises `InterfaceError` as `settings_from_url` does.
    """
    if port:
        raise InterfaceError("The URL has a port: after the // (and credentials) stands a region, as in us-east-1.")
    given = [("aws_access_key_id", key), ("aws_secret_access_key", secret), ("region", region), ("schema", schema)]
    values: dict[str, object] = {}
    for name, text in (*((name, text) for name, text in given if text), *query):
        _check_name(name)
        value = NAMES[name](name, text)
        earlier = values.get(name)
        if isinstance(value, tuple) and isinstance(earlier, tuple):
            value = (*earlier, *value)
        elif name in values:
            raise InterfaceError(f"The URL gives {name} twice.")
        values[name] = value
    return Settings(**values)  # type: ignore[arg-type]  # which checks them itself


def url_from_settings(settings: Settings) -> str:
    """The URL that gives these settings, secrets included: not for logs.

    Raises `InterfaceError` where one of them is an object that no URL can hold.
    """
    given = {field.name: getattr(settings, field.name) for field in fields(settings)}
    given = {field.name: given[field.name] for field in fields(settings) if given[field.name] != field.default}
    key, secret = given.pop("aws_access_key_id", None), given.pop("aws_secret_access_key", None)
    credentials = "" if key is None else f"{quote(key, safe='')}:{quote(secret, safe='')}@"
    place = quote(given.pop("region", ""), safe="")
    service = given.pop("schema", "")
    query = urlencode({name: _written(name, value) for name, value in given.items()})
    path = f"/{quote(service, safe='')}" if service or query else ""
    return f"{SCHEME}://{credentials}{place}{path}{f'?{query}' if query else ''}"


def _check_name(name: str) -> None:
    if name not in NAMES:
        if name in _OBJECTS:
            raise InterfaceError(f"No URL can hold {name}: pass it to connect(), or to create_engine(connect_args=…).")
        close = difflib.get_close_matches(name.lower(), NAMES, n=1)
        hint = f"; did you mean {close[0]}?" if close else "."
        raise InterfaceError(f"The URL has an unknown setting {name}{hint} There are {', '.join(NAMES)}.")


def _text(name: str, text: str) -> object:
    return text


def _truth(name: str, text: str) -> object:
    try:
        return _WORDS[text.lower()]
    except KeyError:
        raise InterfaceError(f"The URL's {name} must be true or false, not {text!r}.") from None


def _truth_or_path(name: str, text: str) -> object:
    return _WORDS.get(text.lower(), text)


def _number(name: str, text: str) -> object:
    if text.lower() == "none":
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    raise InterfaceError(f"The URL's {name} must be a number, not {text!r}.")


def _list(name: str, text: str) -> object:
    return tuple(part.strip() for part in text.split(","))


#: How a setting of a type is read; all others are text.
_READERS: Mapping[str, Callable[[str, str], object]] = {
    "Sequence[str]": _list,
    "bool": _truth,
    "float": _number,
    "float | None": _number,
    "int": _number,
    "int | None": _number,
}

#: Settings whose values are objects of the program.
_OBJECTS = frozenset({"accounts", "on_progress"})

#: What the query of a URL may name → how it is read.
NAMES: Mapping[str, Callable[[str, str], object]] = {
    field.name: _READERS.get(str(field.type), _text) for field in fields(Settings) if field.name not in _OBJECTS
} | {"embedded": _truth_or_path}


def _written(name: str, value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case str() | int() | float():
            return str(value)
        case PathLike():
            return str(fspath(value))
        case tuple():
            return ",".join(map(str, value))
    raise InterfaceError(f"No URL can hold this {name}, an object: pass it to connect().")
