"""
Translates the parameters of a PostgreSQL address from libpq's names into arguments of asyncpg.

Managed databases issue addresses with such parameters. An unsupported one is refused at start; asyncpg would refuse it
only at the first connection. ``PGSSLMODE`` and similar variables are not read: only the address counts.
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
"""The ``options`` that Neon's proxy reads; they are not options of the server."""


def to_asyncpg(parameters: Mapping[str, str]) -> dict[str, Any]:
    """
    Return the arguments of ``asyncpg.connect``; ``timeout`` and ``server_settings`` only if they are set.

    Raises:
        ValueError: A parameter is unknown or cannot work; the message contains its name and no value.
    """
    arguments: dict[str, Any] = {"ssl": _tls(parameters), "direct_tls": False, "target_session_attrs": "any"}
    for name, value in parameters.items():
        if name in _SSL:
            continue
        if name not in _READERS:
            known_form = re.fullmatch("[a-z_]{1,40}", name)  # otherwise it may be part of a password
            raise ValueError(f"the parameter {name if known_form else '?'} is not supported: remove it")
        if not isinstance(value, str):
            raise ValueError(f"the parameter {name} occurs twice")
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
    """Parse ``-c name=value`` and ``--name=value``, which override the service's own settings."""
    if _ROUTED.fullmatch(value):
        return {"server_settings": {"options": value}}
    if _OPTION.sub("", value).strip():
        raise ValueError("must be written as -c name=value")
    return {"server_settings": {name: re.sub(r"\\(.)", r"\1", text) for name, text in _OPTION.findall(value)}}


_READERS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    # The service's name is sent instead: operators, backup and restore find its connections by it.
    "application_name": lambda _: {},
    "fallback_application_name": lambda _: {},
    "connect_timeout": lambda value: {"timeout": _number(value, 1, LONGEST_CONNECT_S)},
    "options": _options,
    "target_session_attrs": lambda value: {"target_session_attrs": _one_of(value, *_WRITABLE)},
    "sslnegotiation": lambda value: {"direct_tls": _one_of(value, "postgres", "direct") == "direct"},
    # asyncpg supports neither, so neither is used.
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
    Return the TLS context; ``require`` without ``sslrootcert`` checks no certificate, as in libpq.

    Raises:
        OSError: A file cannot be read, or has other content (SSLError is an OSError).
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
