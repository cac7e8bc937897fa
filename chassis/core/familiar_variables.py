"""
Names of environment variables under which other projects know ours; each is read if ours is not set.

``BACKEND_CORS_ORIGINS`` is CORS_ORIGINS. ``DATABASE_URL`` is the address of the service's PostgreSQL,
``MONGODB_URL`` that of its MongoDB. Without them, ``POSTGRES_HOST`` (or ``POSTGRES_SERVER``), ``POSTGRES_PORT``,
``POSTGRES_USER``, ``POSTGRES_PASSWORD`` and ``POSTGRES_DB`` compose it, or ``MONGODB_HOST`` and so on. They name no
service, so they suit one that runs alone.
"""

from collections.abc import Mapping
from urllib.parse import quote

_CORS = "backend_cors_origins"
_PARTS = ("host", "server", "port", "user", "password", "db")
FAMILIAR_VARIABLES = frozenset(
    {_CORS, "database_url", "mongodb_url"} | {f"{kind}_{part}" for kind in ("postgres", "mongodb") for part in _PARTS}
)
"""All of these names, in lower case."""


def with_our_names(variables: Mapping[str, str | None], service: str) -> dict[str, str | None]:
    """
    Add the variables of *service* that only familiar names provide.

    Args:
        variables: The environment, with names in lower case; what is empty counts as not set.
    """
    known = {name: value for name, value in variables.items() if value}
    role = f"{service}_service"
    familiar = {
        "cors_origins": known.get(_CORS),
        f"{service}_database_url": known.get("database_url") or _address(known, "postgres", "postgresql", role, role),
        f"{service}_mongodb_url": known.get("mongodb_url") or _address(known, "mongodb", "mongodb", service, service),
    }
    return {**variables, **{ours: value for ours, value in familiar.items() if value and ours not in known}}


def _address(known: Mapping[str, str], kind: str, scheme: str, user: str, database: str) -> str | None:
    """Return the address that the parts compose, with the service's own role and database by default."""
    host = known.get(f"{kind}_host") or known.get(f"{kind}_server")
    if host is None:
        return None
    password = known.get(f"{kind}_password")
    user = quote(known.get(f"{kind}_user", user), safe="")
    login = f"{user}:{quote(password, safe='')}" if password else user
    name = f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host
    port = f":{known[f'{kind}_port']}" if f"{kind}_port" in known else ""
    return f"{scheme}://{login}@{name}{port}/{quote(known.get(f'{kind}_db', database), safe='')}"
