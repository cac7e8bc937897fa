"""Every setting of every service is read without a line end, or refused at start by the name of its variable."""

import os
from pathlib import Path

import pytest

from chassis.settings import InvalidSettings, ServiceSettings
from cli.dev.secrets import ensure_secrets
from cli.links import links, settings_class
from cli.services import SERVICES
from tests.support.settings import MARK, wrong_values

NAMES = [one.name for one in SERVICES]


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """Replace the environment of the process by one with which every service starts."""
    values = ensure_secrets(tmp_path / "secrets.json", links())
    for service in SERVICES:
        scheme = "postgresql" if service.store == "postgres" else "mongodb"
        values[service.store_variable] = f"{scheme}://user:password@host/shop"
        values[service.url_variable] = f"http://{service.name}:8000"
    monkeypatch.setattr(os, "environ", values)
    return values


def load(service: str) -> ServiceSettings:
    """Read the settings of a service, with its links."""
    settings = settings_class(service).load()
    settings.links(required=set())
    return settings


def problem(service: str, field: str) -> str:
    """Return the fault in how a service refuses a value; empty if it names the variable and quotes no secret."""
    try:
        load(service)
    except InvalidSettings as refused:
        if MARK in str(refused):
            return "the message quotes a secret"
        return "" if f"\n  {field.upper()}" in str(refused) else "the message does not name the variable"
    return "the service starts"


@pytest.mark.parametrize("service", NAMES)
def test_a_value_that_cannot_work_is_refused_by_name(environ: dict[str, str], service: str) -> None:
    """The service does not start; the message names the variable, and quotes no secret."""
    problems = {}
    for field in settings_class(service).variables():
        for wrong in wrong_values(service, field):
            before = dict(environ)
            environ[field.upper()] = wrong
            problems[field, wrong] = problem(service, field)
            environ.clear()
            environ.update(before)

    assert {case: said for case, said in problems.items() if said} == {}
    assert len(problems) > 50


@pytest.mark.parametrize("service", NAMES)
def test_only_wrong_variables_are_named(environ: dict[str, str], service: str) -> None:
    """Without any variable the message lists those that are required, and none that has a default."""
    environ.clear()

    with pytest.raises(InvalidSettings) as refused:
        load(service)

    fields = settings_class(service).model_fields
    required = {name.upper() for name, field in fields.items() if field.is_required()}
    assert {line.strip().partition(":")[0] for line in str(refused.value).splitlines()[1:]} == required


@pytest.mark.parametrize("service", NAMES)
def test_a_line_end_is_no_part_of_a_value(environ: dict[str, str], service: str) -> None:
    """With a line end after every value, as files and dashboards add it, the settings are the same."""
    environ |= {"LOG_LEVEL": "WARNING", "RELAY": "false", "MAIL_FROM": "a@example.org", "CURRENCY": "EUR"}
    expected = load(service)

    environ.update({name: f"{value}\n" for name, value in environ.items()})

    assert load(service) == expected


@pytest.mark.parametrize(
    "parameters",
    [
        "sslmode=require",
        "sslmode=verify-full&sslrootcert=system&application_name=shop&connect_timeout=10",
        "ssl=require&target_session_attrs=read-write&channel_binding=prefer&gssencmode=disable",
        "sslmode=verify-ca&sslnegotiation=direct&statement_cache_size=0&prepared_statement_cache_size=0",
        "options=-c%20statement_timeout%3D5s%20--search_path%3Dshop&client_encoding=UTF8",
        "options=endpoint%3Dep-cool-name-123&sslmode=require",
    ],
)
def test_what_managed_postgres_hands_out_is_understood(environ: dict[str, str], parameters: str) -> None:
    """An address may carry libpq's parameters, of several hosts too."""
    for hosts in ("host", "one:1,two:2"):
        environ["USER_DATABASE_URL"] = f"postgres://user:{MARK}@{hosts}/shop?{parameters}"

        assert load("user")


@pytest.mark.parametrize(
    "address",
    [
        "mongodb+srv://user:pass@cluster0.example.org/shop?retryWrites=true&w=majority&appName=Cluster0",
        "mongodb://user:p%40ss@a:27017,b:27017/shop?ssl=true&replicaSet=atlas-1-shard-0&authSource=admin&readPreference=primary",
        "mongodb://user:pass@host:27017/shop?directConnection=true&tls=true&tlsAllowInvalidCertificates=true",
    ],
)
def test_what_managed_mongodb_hands_out_is_understood(environ: dict[str, str], address: str) -> None:
    """The driver's own parameters are accepted, without a DNS query."""
    environ["ANALYTICS_MONGODB_URL"] = address

    assert load("analytics")


@pytest.mark.parametrize(
    ("environment", "given", "registration"),
    [
        ("local", "", "plain"),
        ("local", "false", "sealed"),
        ("staging", "", "sealed"),
        ("production", "", "sealed"),
        ("production", "true", "plain"),
    ],
)
def test_people_register_by_plain_json_in_development(
    environ: dict[str, str], environment: str, given: str, registration: str
) -> None:
    """Elsewhere a setting must allow it."""
    environ |= {"ENVIRONMENT": environment, "PLAIN_REGISTRATION": given}
    environ["USER_DATABASE_URL"] = f"postgresql://user:{MARK}@host/shop"

    assert dict(load("user"))["plain_registration"] is (registration == "plain")


def test_a_log_level_is_understood_in_any_case(environ: dict[str, str]) -> None:
    """LOG_LEVEL is shared with other programs, some of which want it in lower case."""
    for level in ("debug", "Critical"):
        environ["LOG_LEVEL"] = level

        assert load("user").log_level == level.upper()
