import os
import traceback
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import AnyHttpUrl

from chassis.mongodb.database import MongoUrl
from chassis.postgres.database import PostgresUrl
from chassis.sealing.keys import generate_key
from chassis.settings import Environment, InvalidSettings, ServiceSettings

SECRET = "xyzzy-plugh-4711"


class Settings(ServiceSettings):
    """Settings with an address of each kind."""

    service_name: ClassVar[str] = "tiny"
    peers: ClassVar[frozenset[str]] = frozenset({"peer"})

    tiny_database_url: PostgresUrl
    tiny_mongodb_url: MongoUrl
    peer_service_url: AnyHttpUrl


def test_a_peer_without_an_address_is_found_when_the_settings_are_imported() -> None:
    """A call to a peer without an address is reported at import, with the line to write."""
    with pytest.raises(TypeError, match="add 'shop_service_url: ServiceUrl', as this service calls shop"):
        type("Unaddressed", (Settings,), {"peers": frozenset({"peer", "shop"}), "__annotations__": {}})


GOOD = {
    "CURSOR_KEY": SECRET,
    "TINY_DATABASE_URL": f"postgresql://tiny:{SECRET}@db:5432/tiny",
    "TINY_MONGODB_URL": f"mongodb://tiny:{SECRET}@db:27017/tiny?replicaSet=rs0",
    "PEER_SERVICE_URL": "http://peer:8000/",
    "LINK_KEY__TINY__PEER": f"k1:{generate_key()}",
    "LINK_KEY__PEER__TINY": f"k1:{generate_key()}",
}


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Replace the environment of the process by a minimal one with which a service starts."""
    variables = dict(GOOD)
    monkeypatch.setattr(os, "environ", variables)
    return variables


def refusal() -> str:
    """Return what is printed when the service does not start, traceback included."""
    with pytest.raises(InvalidSettings) as refused:
        Settings.load().links(required=set())
    return "".join(traceback.format_exception(refused.value))


def test_good_settings_are_accepted() -> None:
    """A complete environment starts a local service in strict mode."""
    settings = Settings.load()

    assert (settings.environment, settings.strict) == (Environment.LOCAL, True)
    assert settings.links(required=set()).keys() == {"peer"}
    assert settings.peer_urls == {"peer": "http://peer:8000"}


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_variable_is_named(environ: dict[str, str], name: str) -> None:
    """Without a required variable the service does not start, and the variable is named."""
    del environ[name]

    assert name in refusal()


def test_every_wrong_variable_is_named_at_once(environ: dict[str, str]) -> None:
    """One failed start names every wrong variable."""
    environ.pop("CURSOR_KEY")
    environ |= {"TINY_DATABASE_URL": "nonsense", "LOG_LEVEL": "LOUD"}

    message = refusal()

    assert all(f"\n  {name}: " in message for name in ("CURSOR_KEY", "TINY_DATABASE_URL", "LOG_LEVEL"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TINY_DATABASE_URL", SECRET),
        ("TINY_DATABASE_URL", f"mysql://tiny:{SECRET}@db/tiny"),
        ("TINY_DATABASE_URL", ""),
        ("TINY_MONGODB_URL", SECRET),
        ("TINY_MONGODB_URL", f"mongodb://tiny:{SECRET}@db:27017"),
        ("TINY_MONGODB_URL", f"mongodb://tiny:{SECRET}@db:27017/?replicaSet=rs0"),
        ("PEER_SERVICE_URL", SECRET),
        ("PEER_SERVICE_URL", f"ftp://{SECRET}@peer"),
        ("PEER_SERVICE_URL", f"http://{SECRET}:port"),
        ("LINK_KEY__TINY__PEER", SECRET),
        ("LINK_KEY__TINY__PEER", f"k1:{SECRET}"),
        ("LINK_KEY__TINY", SECRET),
        ("LINK_KEY", SECRET),
        ("ENCRYPTION_MODE", SECRET),
        ("ENVIRONMENT", SECRET),
        ("PRODUCTION", SECRET),
        ("MAX_BODY_BYTES", SECRET),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", f"https://{SECRET}/"),
        ("CORS_ORIGINS", f"https://shop.example.org,{SECRET}"),
        ("CORS_ORIGINS", f'["https://shop.example.org", "{SECRET}"]'),
        ("CORS_ORIGINS", f'["{SECRET}'),
    ],
)
def test_a_malformed_value_is_refused_and_not_quoted(environ: dict[str, str], name: str, value: str) -> None:
    """A malformed value is refused with the name of its variable; the value, possibly a secret, is not printed."""
    environ[name] = value

    message = refusal()

    assert name in message.upper()
    assert SECRET not in message


@pytest.mark.parametrize("variable", ["CORS_ORIGINS", "BACKEND_CORS_ORIGINS"])
@pytest.mark.parametrize(
    "origins",
    ["https://shop.example.org, http://localhost:3000", '["https://shop.example.org", "http://localhost:3000"]'],
)
def test_origins_are_a_list(environ: dict[str, str], variable: str, origins: str) -> None:
    """Origins are separated by commas, or a JSON list."""
    environ[variable] = origins

    assert Settings.load().cors_origins == ("https://shop.example.org", "http://localhost:3000")


@pytest.mark.parametrize("yes", ["true", "True", "1", "yes", "on", "y", "t"])
def test_production_is_strict(environ: dict[str, str], yes: str) -> None:
    """PRODUCTION=true makes the environment production, regardless of ENVIRONMENT, and forces strict encryption."""
    environ |= {"PRODUCTION": yes, "ENVIRONMENT": "local", "ENCRYPTION_MODE": "permissive"}

    settings = Settings.load()

    assert (settings.environment, settings.strict) == (Environment.PRODUCTION, True)


def test_a_deployment_may_be_watched(environ: dict[str, str]) -> None:
    """Production accepts addresses for traces and error reports; a DSN has no password, and needs none."""
    dsn, collector = "https://0a1b2c@sentry.example.org/1", "http://collector:4318/"
    environ |= {"PRODUCTION": "true", "SENTRY_DSN": dsn, "OTEL_EXPORTER_OTLP_ENDPOINT": collector}

    settings = Settings.load()

    assert (str(settings.sentry_dsn), str(settings.otel_exporter_otlp_endpoint)) == (dsn, collector)
    assert settings.otel_traces_sampler_arg == 0.1


@pytest.mark.parametrize(("environment", "strict"), [("local", False), ("staging", False), ("production", True)])
def test_only_production_forces_strictness(environ: dict[str, str], environment: str, *, strict: bool) -> None:
    """Plain requests may be permitted in every environment but production."""
    environ |= {"ENVIRONMENT": environment, "ENCRYPTION_MODE": "permissive"}

    assert Settings.load().strict is strict


@pytest.mark.parametrize("empty", [{}, {"ENVIRONMENT": ""}, {"PRODUCTION": "false"}], ids=str)
def test_gunicorn_needs_an_environment(environ: dict[str, str], empty: dict[str, str]) -> None:
    """Production is chosen: gunicorn, which sets SERVER_SOFTWARE, starts no service in development by default."""
    environ |= {"SERVER_SOFTWARE": "gunicorn/27.0.1"} | empty

    assert "ENVIRONMENT: is missing. Set ENVIRONMENT=production" in refusal()


@pytest.mark.parametrize(
    "chosen", [{"ENVIRONMENT": "local"}, {"ENVIRONMENT": "staging"}, {"PRODUCTION": "true"}], ids=str
)
def test_gunicorn_starts_in_any_chosen_environment(environ: dict[str, str], chosen: dict[str, str]) -> None:
    """Development under gunicorn is possible, if it is said."""
    environ |= {"SERVER_SOFTWARE": "gunicorn/27.0.1"} | chosen

    assert Settings.load().is_environment_chosen


SAMPLES = [
    ("CURSOR_KEY", "change-me"),
    ("CURSOR_KEY", "please-Change-Me-now"),
    ("CURSOR_KEY", "ChangeMe"),
    ("LINK_KEY__TINY__PEER", "k1:change-me"),
    ("TINY_DATABASE_URL", "postgresql://tiny:change-me@db/tiny"),
    ("TINY_DATABASE_URL", "postgresql://postgres:postgres@db/tiny"),
    ("TINY_DATABASE_URL", "postgresql://postgres:postgres@one:5432,two:5432/tiny"),
    ("TINY_DATABASE_URL", "postgresql://somebody:Postgres@db/tiny"),
    ("TINY_DATABASE_URL", "postgresql://somebody:%70ostgres@db/tiny"),
    ("TINY_DATABASE_URL", "postgresql://plugh:plugh@db/tiny"),
    ("TINY_DATABASE_URL", "postgresql://plugh@db/tiny"),
    ("TINY_MONGODB_URL", "mongodb://plugh:PLUGH@one:1,two:2/tiny"),
    ("TINY_MONGODB_URL", "mongodb://db/tiny"),
]


@pytest.mark.parametrize("where", [{"ENVIRONMENT": "staging"}, {"PRODUCTION": "true"}], ids=str)
@pytest.mark.parametrize(("name", "value"), SAMPLES)
def test_sample_secrets_are_refused_outside_local(
    environ: dict[str, str], where: dict[str, str], name: str, value: str
) -> None:
    """A secret copied from an example, or a common one, keeps the service from starting; only its variable is named."""
    environ |= where | {name: value}

    message = refusal()

    assert f"{name}: is a sample or default secret" in message
    assert value not in message
    assert not [other for other in GOOD if other != name and other in message]


@pytest.mark.parametrize(("name", "value"), [one for one in SAMPLES if not one[0].startswith("LINK_KEY")])
def test_sample_secrets_are_accepted_locally(environ: dict[str, str], name: str, value: str) -> None:
    """Sample secrets are accepted in a local environment."""
    environ[name] = value

    assert Settings.load().environment is Environment.LOCAL


@pytest.mark.parametrize("password", [f"{SECRET}[", f"[{SECRET}]", f"{SECRET}%40%2F", f"{SECRET}:{SECRET}"])
def test_any_password_of_an_address_is_accepted(environ: dict[str, str], password: str) -> None:
    """Special characters in a password neither prevent the start nor bypass the check."""
    environ |= {"ENVIRONMENT": "staging", "TINY_DATABASE_URL": f"postgresql://tiny:{password}@db/tiny"}

    assert Settings.load().tiny_database_url.get_secret_value().endswith(f":{password}@db/tiny")


@pytest.mark.parametrize("name", [name for name in GOOD if name != "PEER_SERVICE_URL"])
def test_a_secret_may_be_in_a_file(environ: dict[str, str], tmp_path: Path, name: str) -> None:
    """NAME_FILE holds the path of a mounted secret; the line end that editors add is removed."""
    expected = Settings.load()
    (tmp_path / "secret").write_text(environ.pop(name) + "\n")
    environ[f"{name}_FILE"] = str(tmp_path / "secret")

    settings = Settings.load()

    assert settings == expected
    assert settings.links(required=set()) == expected.links(required=set())


def test_a_variable_beats_its_file(environ: dict[str, str], tmp_path: Path) -> None:
    """If both are set, the variable wins over the file."""
    (tmp_path / "secret").write_text("from the file")
    environ["CURSOR_KEY_FILE"] = str(tmp_path / "secret")

    assert Settings.load().cursor_key.get_secret_value() == SECRET


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_file_that_cannot_be_read_is_refused_by_name(
    environ: dict[str, str], tmp_path: Path, content: bytes | None
) -> None:
    """A missing or binary secret file keeps the service from starting, and its variable is named."""
    del environ["CURSOR_KEY"]
    environ["CURSOR_KEY_FILE"] = str(tmp_path / "secret")
    if content:
        (tmp_path / "secret").write_bytes(content)

    assert "CURSOR_KEY_FILE" in refusal()


def test_settings_print_no_secret() -> None:
    """Neither the text of the settings nor their JSON contains a secret."""
    settings = Settings.load()

    assert SECRET not in f"{settings!r} {settings} {settings.model_dump_json()}"
    assert settings.cursor_key.get_secret_value() == SECRET
