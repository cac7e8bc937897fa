"""
The parameters of a PostgreSQL address, named as libpq names them, in asyncpg's terms.

Managed databases hand out addresses with such parameters. One that cannot be honoured is refused at start: asyncpg
refuses it at the first connection only. ``PGSSLMODE`` and its like are not read: the address alone decides.
"""

import re
import ssl
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

LONGEST_CONNECT_S = 60
_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_CERTAIN = _MODES[3:]
_WRITABLE = ("any", "primary", "read-write")
_SSL = ("sslmode", "ssl", "sslrootcert", "sslcert", "sslkey")
_OPTION = re.compile(r"(?:-c\s*|--)([A-Za-z_][\w.-]*)=((?:\\.|[^\s\\])*)")
_ROUTED = re.compile(r"(endpoint|project)=[\w.-]+")
"""What Neon's proxy reads in ``options``; no option of the server."""


def to_asyncpg(parameters: Mapping[str, str]) -> dict[str, Any]:
    """
    Return what ``asyncpg.connect`` is called with; ``timeout`` and ``server_settings`` only if they are given.

    Raises:
        ValueError: A parameter is unknown or cannot work; names it, and quotes no value.
    """
    arguments: dict[str, Any] = {"ssl": _tls(parameters), "direct_tls": False, "target_session_attrs": "any"}
    for name, value in parameters.items():
        if name in _SSL:
            continue
        if name not in _READERS:
            known_form = re.fullmatch("[a-z_]{1,40}", name)  # else it may be a piece of a password
            raise ValueError(f"the parameter {name if known_form else '?'} is not supported: remove it")
        if not isinstance(value, str):
            raise ValueError(f"the parameter {name} stands there twice")
        try:
            arguments.update(_READERS[name](value))
        except ValueError as error:
            raise ValueError(f"the parameter {name} {error}") from None
    if arguments["direct_tls"] and not isinstance(arguments["ssl"], ssl.SSLContext):
        raise ValueError("the parameter sslnegotiation=direct needs sslmode=require, verify-ca or verify-full")
    return arguments


def _one_of(value: str, *allowed: str) -> str:
    if value not in allowed:
        raise ValueError(f"must be {' or '.join(allowed)}")
    return value


def _number(value: str, least: int, most: int) -> int:
    if not re.fullmatch("[0-9]{1,9}", value) or not least <= int(value) <= most:
        raise ValueError(f"must be a whole number, {least} to {most}")
    return int(value)


def _options(value: str) -> dict[str, Any]:
    """Read ``-c name=value`` and ``--name=value``, which then count instead of the service's own settings."""
    if _ROUTED.fullmatch(value):
        return {"server_settings": {"options": value}}
    if _OPTION.sub("", value).strip():
        raise ValueError("must be written as -c name=value")
    return {"server_settings": {name: re.sub(r"\\(.)", r"\1", text) for name, text in _OPTION.findall(value)}}


_READERS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    # The service's name is sent instead: by it operators, backup and restore find its connections.
    "application_name": lambda _: {},
    "fallback_application_name": lambda _: {},
    "connect_timeout": lambda value: {"timeout": _number(value, 1, LONGEST_CONNECT_S)},
    "options": _options,
    "target_session_attrs": lambda value: {"target_session_attrs": _one_of(value, *_WRITABLE)},
    "sslnegotiation": lambda value: {"direct_tls": _one_of(value, "postgres", "direct") == "direct"},
    # asyncpg knows neither; both parties then do without.
    "channel_binding": lambda value: _without(value, "disable", "prefer"),
    "gssencmode": lambda value: _without(value, "disable", "prefer"),
    "client_encoding": lambda value: _without(value.lower().replace("-", ""), "utf8", "auto"),
    "statement_cache_size": lambda value: {"statement_cache_size": _number(value, 0, 10_000)},
}


def _without(value: str, *allowed: str) -> dict[str, Any]:
    _one_of(value, *allowed)
    return {}


def _tls(parameters: Mapping[str, str]) -> ssl.SSLContext | str | bool:
    modes = {parameters[name] for name in ("sslmode", "ssl") if name in parameters} or {"prefer"}
    if len(modes) > 1 or not modes <= set(_MODES):
        raise ValueError(f"the parameter sslmode must be one of {', '.join(_MODES)}")
    mode = modes.pop()
    files = {name: parameters[name] for name in _SSL[2:] if parameters.get(name)}
    if mode not in _CERTAIN:
        if files:
            raise ValueError(f"the parameter {next(iter(files))} needs sslmode=require, verify-ca or verify-full")
        return False if mode == "disable" else mode
    try:
        return _context(mode, files.get("sslrootcert"), files.get("sslcert"), files.get("sslkey"))
    except (OSError, ValueError):
        raise ValueError(f"the parameters {', '.join(files)} must name readable files in PEM") from None


@cache
def _context(mode: str, authorities: str | None, certificate: str | None, key: str | None) -> ssl.SSLContext:
    """
    Make what TLS is done with: ``require`` without ``sslrootcert`` checks no certificate, as libpq does.

    Raises:
        OSError: A file cannot be read, or holds something else (SSLError is one).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = mode == "verify-full" or authorities == "system"
    if authorities and authorities != "system":
        context.load_verify_locations(cafile=authorities)
    elif mode != "require" or authorities == "system":
        context.load_default_certs()
    else:
        context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(certificate, key, password=lambda: "")
    context.set_alpn_protocols(["postgresql"])
    return context
