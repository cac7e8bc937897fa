"""
Values of settings that cannot work.

A service's own settings have theirs in ``tests/<service>/settings.py``, by the name of the field.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec

from cli.services import find_service

MARK = "xyzzy4711"
"""Part of each wrong value that may be a secret, and must not be quoted."""
POSTGRES = f"postgresql://user:{MARK}@host/shop"
MONGODB = f"mongodb://user:{MARK}@host/shop"
WRONG_URLS = [f"http://{MARK}@peer", "http://peer/?a=b", "http://peer/#a", "http://peer:0", "peer:8000", "ftp://peer"]
WRONG_POSTGRES = [
    *(POSTGRES.replace("/shop", ""), POSTGRES.replace("host", ""), POSTGRES.replace("host", "host:0")),
    *(POSTGRES.replace("host", "host:99999"), POSTGRES + "%00", POSTGRES + "\nx", f"postgresql://host/{MARK}"),
    *(f"{POSTGRES}?{wrong}" for wrong in ("sslmode=yes", "ssl=true", "sslmode=require&sslmode=disable", "user=x")),
    *(
        f"{POSTGRES}?{wrong}"
        for wrong in ("connect_timeout=0", "connect_timeout=soon", "options=fast", "pgbouncer=true")
    ),
    *(f"{POSTGRES}?{wrong}" for wrong in ("channel_binding=require", "target_session_attrs=standby", "timeout=5")),
    *(f"{POSTGRES}?{wrong}" for wrong in ("sslmode=require&sslrootcert=/nowhere", "sslrootcert=system", "sslkey=/x")),
    *(f"{POSTGRES}?{wrong}" for wrong in ("sslnegotiation=direct", "statement_cache_size=x", "client_encoding=latin1")),
]
WRONG_MONGODB = [
    *(MONGODB.replace("/shop", ""), MONGODB.replace("host", "host:0"), MONGODB.replace("host", "host:99999")),
    *(MONGODB + ".orders", MONGODB + "\nx", MONGODB.replace(MARK, f"{MARK}%"), "mongodb+srv://one,two/shop"),
    *(f"{MONGODB}?{wrong}" for wrong in ("tls=maybe", "speed=high", "readPreference=secondary", "tlsCAFile=/nowhere")),
    *(f"{MONGODB}?{wrong}" for wrong in ("authMechanism=MONGODB-X509", "maxPoolSize=many")),
]
WRONG_COUNTS = ["0", "-1", "1.5", "many", "nan"]
TEXT = list[str]()
"""Settings for which every value is valid."""

_OF_EVERY_SERVICE = {
    "environment": ["prod", "LOCALE"],
    "production": ["perhaps"],
    "log_level": ["LOUD", "10"],
    "log_dir": ["/dev/null", "/proc/logs"],
    "encryption_mode": ["none"],
    "jwt_issuer": TEXT,
    "jwt_audience": TEXT,
    "cors_origins": ["*", "https://shop.example.org/", "shop.example.org"],
    "docs_services": ["{", "http://user", '{"user": "user:8002"}', f'{{"user": "http://{MARK}@peer"}}'],
    "cursor_key": TEXT,
    "link_key": [MARK],
    "max_body_bytes": WRONG_COUNTS,
    "max_in_flight": WRONG_COUNTS,
    "drain_seconds": ["-1", "nan", "inf", "long"],
    "relay": ["perhaps"],
    "database_pool_size": WRONG_COUNTS,
    "web_concurrency": WRONG_COUNTS,
    "replicas": WRONG_COUNTS,
    "otel_exporter_otlp_endpoint": ["collector:4318", "http://collector/?a=b"],
    "otel_exporter_otlp_headers": [MARK, f"x y={MARK}", f"x={MARK}ü"],
    "otel_traces_sampler_arg": ["2", "-0.1", "nan", "half"],
    "sentry_dsn": [
        "https://sentry.example.org/1",
        "https://key@sentry.example.org/",
        "https://key@sentry.example.org/a",
    ],
}


def wrong_values(service: str, field: str) -> Sequence[str]:
    """Return values of a setting that cannot work; none if every value is valid."""
    if field.endswith("_service_url"):
        return WRONG_URLS
    if field == find_service(service).store_variable.lower():
        return WRONG_MONGODB if find_service(service).store == "mongodb" else WRONG_POSTGRES
    found = {**_OF_EVERY_SERVICE, **_own(service)}
    return found.get(field, [f"this setting is missing in tests/{service}/settings.py"])


def _own(service: str) -> Mapping[str, Sequence[str]]:
    module = f"tests.{service}.settings"
    found: Mapping[str, Sequence[str]] = import_module(module).WRONG if find_spec(module) else {}
    return found
