"""Addresses of PostgreSQL, also of several servers of which one can be written to."""

import re
from collections.abc import Sequence
from typing import Any

import asyncpg
from pydantic import SecretStr
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.exc import ArgumentError

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
_SCHEMES = {"postgres", "postgresql", "postgresql+asyncpg"}
_LOGIN = re.compile(r"[^:/@]*(?::[^@]*)?@")
_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]]+))(?::(\d+))?")
_PORT = "5432"
_ELSEWHERE = (OSError, asyncpg.CannotConnectNowError, asyncpg.TargetServerAttributeNotMatched)
"""What one server may say while another of them can be written to: nothing, that it starts, or that it is a standby."""


def with_asyncpg(url: SecretStr) -> SecretStr:
    """
    Name the driver in a PostgreSQL address; addresses are written without it by most people.

    Several hosts are written as for libpq, ``postgresql://user:password@one:5432,two:5433/database``, and come out as
    SQLAlchemy reads them.

    Raises:
        ValueError: Not a PostgreSQL address.
    """
    scheme, _, rest = url.get_secret_value().partition("://")
    try:
        address = _for_sqlalchemy(rest)
        _, options = _DIALECT.create_connect_args(make_url(address))  # type: ignore[no-untyped-call]
        is_usable = scheme in _SCHEMES and options.get("host")
    except (ArgumentError, ValueError):
        is_usable = False  # said below, without quoting the address
    if not is_usable:
        raise ValueError("must look like postgresql://user:password@host:5432/database")
    return SecretStr(address)


async def connect(*, host: str | Sequence[str], **settings: Any) -> Any:  # noqa: ANN401 - as asyncpg takes and gives it
    """
    Connect as asyncpg does; of several servers, to the one that can be written to.

    For SQLAlchemy (``async_creator_fn``). They are asked in turn, as they stand in the address, and each has its share
    of the time: one whose machine is off never answers, and asyncpg's time is for all together.

    Raises:
        ConnectionError: None of several can be written to.
        Exception: What asyncpg raises.
    """
    if isinstance(host, str):
        return await asyncpg.connect(host=host, **settings)
    ports, timeout = settings.pop("port"), settings.pop("timeout", 60) / len(host)
    settings.setdefault("target_session_attrs", "read-write")
    errors = list[str]()
    for one, port in zip(host, ports, strict=True):
        try:
            return await asyncpg.connect(host=one, port=port, timeout=timeout, **settings)
        except _ELSEWHERE as error:
            errors.append(f"{one}:{port}: {error or type(error).__name__}")
    raise ConnectionError(f"no server that can be written to ({'; '.join(errors)})")


def _for_sqlalchemy(rest: str) -> str:
    """Name driver and hosts in SQLAlchemy's way, which knows several only as parameters."""
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
