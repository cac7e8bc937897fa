"""Addresses of PostgreSQL, including several servers of which one is writable."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import asyncpg
from pydantic import SecretStr
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.exc import ArgumentError

from chassis.postgres.parameters import to_asyncpg

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
_SCHEMES = {"postgres", "postgresql", "postgresql+asyncpg"}
_LOGIN = re.compile(r"[^:/@]*(?::[^@]*)?@")
_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]]+))(?::(\d+))?")
_PORT = "5432"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FORM = "must look like postgresql://user:password@host:5432/database"
_SQLALCHEMY = {"host", "port", "prepared_statement_cache_size"}
"""The parameters of an address that SQLAlchemy reads."""
_ASYNCPG = {"port", "user", "password", "database", "timeout", "command_timeout", "server_settings"}
_ELSEWHERE = (OSError, asyncpg.CannotConnectNowError, asyncpg.TargetServerAttributeNotMatched)
"""Errors of one server after which the next is tried: no answer, still starting, or a standby."""


def with_asyncpg(url: SecretStr) -> SecretStr:
    """
    Add the driver to a PostgreSQL address, which most people write without it.

    Several hosts are written as for libpq, ``postgresql://user:password@one:5432,two:5433/database``, and returned in
    the form that SQLAlchemy reads.

    Raises:
        ValueError: Not a PostgreSQL address, or a parameter cannot work; the message contains only its name.
    """
    scheme, _, rest = url.get_secret_value().strip().partition("://")
    try:
        address = _for_sqlalchemy(rest)
        parsed = make_url(address)
        _, options = _DIALECT.create_connect_args(parsed)  # type: ignore[no-untyped-call]
        is_form = scheme in _SCHEMES and parsed.port != 0 and not _CONTROL.search(unquote(rest))
        is_usable = is_form and _is_complete(options)
    except (ArgumentError, ValueError):
        is_usable = False  # reported below, without the address
    if not is_usable:
        raise ValueError(_FORM)
    _arguments(parsed.query)
    return SecretStr(address)


async def connect(*, host: str | Sequence[str], **settings: Any) -> Any:  # noqa: ANN401 - asyncpg's types
    """
    Connect as asyncpg does; with several servers, to the writable one.

    For SQLAlchemy (``async_creator_fn``). The servers are tried in the order of the address, each for its share of the
    timeout: a server that is switched off never answers, and asyncpg's timeout is for all together.

    Raises:
        ConnectionError: None of several servers is writable.
        Exception: What asyncpg raises.
    """
    given = {name: settings.pop(name) for name in settings.keys() & _ASYNCPG}
    arguments = _arguments(settings)
    given["server_settings"] = given.get("server_settings", {}) | arguments.pop("server_settings", {})
    timeout = arguments.pop("timeout", given.pop("timeout", 60))
    if isinstance(host, str):
        return await asyncpg.connect(host=host, timeout=timeout, **given, **arguments)
    ports, timeout = given.pop("port"), timeout / len(host)
    if arguments["target_session_attrs"] == "any":
        arguments["target_session_attrs"] = "read-write"
    errors = list[str]()
    for one, port in zip(host, ports, strict=True):
        try:
            return await asyncpg.connect(host=one, port=port, timeout=timeout, **given, **arguments)
        except _ELSEWHERE as error:
            errors.append(f"{one}:{port}: {error or type(error).__name__}")
    raise ConnectionError(f"no server that can be written to ({'; '.join(errors)})")


def _arguments(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of an address that SQLAlchemy does not read, as arguments of asyncpg."""
    return to_asyncpg({name: value for name, value in parameters.items() if name not in _SQLALCHEMY})


def _is_complete(options: Mapping[str, Any]) -> bool:
    """Whether the address is complete; otherwise the driver would read the environment."""
    ports = options.get("port", _PORT)
    numbers = [int(port) for port in (ports if isinstance(ports, list) else [ports])]
    names = all(options.get(name) for name in ("host", "user", "database"))
    return names and all(0 < number < 1 << 16 for number in numbers)


def _for_sqlalchemy(rest: str) -> str:
    """Return the address in the form of SQLAlchemy, which takes several hosts only as parameters."""
    login = _LOGIN.match(rest)
    start = login.end() if login else 0
    hosts = re.split("[/?]", rest[start:], maxsplit=1)[0]
    if "," not in hosts:
        return f"postgresql+asyncpg://{rest}"
    parts = [_HOST.fullmatch(one) for one in hosts.split(",")]
    if not all(parts):
        raise ValueError("hosts")
    found = [(one[1] or one[2], one[3] or _PORT) for one in parts if one]
    query = {"host": ",".join(host for host, _ in found), "port": ",".join(port for _, port in found)}
    address = make_url(f"postgresql+asyncpg://{rest[:start]}{rest[start + len(hosts) :]}").update_query_dict(query)
    return address.render_as_string(hide_password=False)
