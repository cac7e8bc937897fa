"""What `bin/cli settings` prints, and .env.example explains."""

import os
from pathlib import Path
from typing import Any

import pytest

from cli import settings
from cli.errors import CommandError
from cli.services import SERVICES
from cli.settings import EXPLAINED, declared_settings, explained

FORMS = {"ENVIRONMENT", "JWT_AUDIENCE", "JWT_ISSUER", "MAIL_FROM", "PRODUCTION"}
# --- about gateway ---
FORMS |= {"GATEWAY_RATE_LIMITS"}
# --- end about gateway ---
TYPES = {
    "ENVIRONMENT": "local | staging | production",
    "DISPATCH_TRANSPORT": "direct | httpx",
    "PRODUCTION": "true | false",
    "DRAIN_SECONDS": "number",
    "LOG_DIR": "path",
    "CORS_ORIGINS": "list",
    "DOCS_SERVICES": "JSON object",
    "SENTRY_DSN": "address",
    "LINK_KEY__<FROM>__<TO>": "text",
    "SMTP_URL": "text",
}
Table = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def table() -> Table:
    """Every setting, by its variable."""
    return {one["variable"]: one for one in declared_settings()}


def test_each_setting_has_its_readers_default_and_meaning(table: Table) -> None:
    """Names, defaults and secrets are those of the settings classes."""
    assert table["ANALYTICS_RETENTION_DAYS"].keys() == table["RELAY"].keys()
    assert (table["ANALYTICS_RETENTION_DAYS"]["services"], table["ANALYTICS_RETENTION_DAYS"]["required"]) == (
        ["analytics"],
        False,
    )
    assert table["APP_URL"]["services"] == ["user"]
    assert "mails link to" in table["APP_URL"]["meaning"]
    assert table["RELAY"]["default"] == "true"
    assert {name: table[name]["type"] for name in TYPES} == TYPES
    assert table["PLAIN_REGISTRATION"]["default"] is None, "it depends on ENVIRONMENT"
    assert {"analytics", "user"} & {*table["USER_SERVICE_URL"]["services"]} == {"analytics"}
    stores = {service.store_variable for service in SERVICES if service.store}
    assert {name for name, one in table.items() if one["secret"]} == stores | {
        *("CURSOR_KEY", "LINK_KEY__<FROM>__<TO>", "JWT_PRIVATE_KEY", "SMTP_URL", "OTEL_EXPORTER_OTLP_HEADERS")
    }


def test_every_setting_is_explained(table: Table) -> None:
    """Each has a comment of its own section in .env.example, which is the source of the meanings."""
    assert [name for name, one in table.items() if len(one["meaning"]) < 20] == []


def test_the_example_shows_the_defaults(table: Table) -> None:
    """A setting with a default stands in .env.example with it; those in FORMS show how a value looks."""
    shown = {name: value for name, value, _ in explained(EXPLAINED)}

    wrong = {
        name: (one["default"], shown[name]) for name, one in table.items() if one["default"] not in (None, shown[name])
    }
    assert wrong.keys() == FORMS


def test_values_are_not_read(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment, with its secrets, has no part in it."""
    monkeypatch.setattr(os, "environ", dict.fromkeys(table, "xyzzy4711"))

    assert {one["variable"]: one for one in declared_settings()} == table


def test_a_missing_explanation_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A new setting needs its lines in .env.example; a folder without the file says which file is meant."""
    example = tmp_path / ".env.example"
    monkeypatch.setattr(settings, "EXPLAINED", example)
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        list(declared_settings())
    example.write_text("# Where it runs.\nENVIRONMENT=local\n")

    with pytest.raises(CommandError, match="does not explain LOG_LEVEL"):
        list(declared_settings())
