"""`bin/cli service create`: what it refuses, and what it makes, in a clone of this project."""

import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from fastapi import FastAPI

from cli.dev.databases import create_database
from cli.dev.postgres import EmbeddedPostgres
from cli.errors import CommandError
from cli.migrations import read_config
from cli.services import create as creating
from cli.services.copying import SKELETON_OF, SKELETONS, copied
from cli.services.create import create, deliver_to_nobody, free_port, known_kind, known_peers
from cli.services.declaring_calls import declare_calls
from cli.services.discovery import ROOT, SERVICES, Kind, Service, discover
from cli.services.subscriptions import subscribe, unsubscribe
from tests.cli.services.clones import run
from tests.support.git import commit, git

NAMES = {"made_up_card": "postgres", "made_up_note": "mongodb", "made_up_page": "none"}
MIGRATED = [service for service in discover(SKELETONS) if service.store == "postgres"]
HIGHEST = max(service.port for service in SERVICES)


def test_there_is_a_skeleton_for_each_kind() -> None:
    """Each is a service as any other, found by its service.toml."""
    assert {service.kind: service.name for service in discover(SKELETONS)} == SKELETON_OF


@pytest.mark.parametrize("skeleton", MIGRATED, ids=lambda one: one.name)
def test_the_migrations_of_a_skeleton_agree_with_its_models(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch, skeleton: Service
) -> None:
    """They can be undone, too. If the chassis's tables change, the skeleton's first migration must."""
    for variable, url in create_database(postgres, skeleton, skeleton.database).items():
        monkeypatch.setenv(variable, url)
    config = read_config(SKELETONS / skeleton.name / "alembic.ini")

    for step in (command.upgrade, command.downgrade, command.upgrade):
        step(config, "base" if step is command.downgrade else "head")
    command.check(config)


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (lambda: known_kind("oracle"), "Use one of postgres, mongodb, none, reflected"),
        (lambda: known_peers("user,nobody"), r"there is no service 'nobody'\. Use .*analytics, user"),
        (lambda: free_port(80), "use one from 1024 to 65535"),
        (lambda: free_port(SERVICES[0].port), f"belongs to {SERVICES[0].name}"),
        (lambda: free_port(15432), "belongs to the postgres of `make run`"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(ask: Callable[[], object], reason: str) -> None:
    """The message says what can be."""
    with pytest.raises(CommandError, match=reason):
        ask()


def test_a_port_of_another_program_is_refused() -> None:
    """The message names the program; without a wish, the port is the next free one."""
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(CommandError, match=r"belongs to .*pid"):
        free_port(other.getsockname()[1])

    assert free_port(None) > HIGHEST


def test_a_dirty_tree_is_refused_before_anything_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the creation could not be undone alone."""

    def refuse(_root: Path) -> None:
        raise CommandError("Git does not have these changes")

    monkeypatch.setattr(creating, "require_clean_tree", refuse)
    monkeypatch.setattr(creating, "apply", lambda *_: pytest.fail("something was written"))

    with pytest.raises(CommandError, match="Git does not have these changes"):
        create("made_up_desk")


def test_a_subscription_can_be_taken_back_to_the_byte(tmp_path: Path) -> None:
    """The publisher names its consumer, and knows its address."""
    for name in ("events.py", "settings.py"):
        (tmp_path / "user").mkdir(exist_ok=True)
        shutil.copy(ROOT / "user" / name, tmp_path / "user" / name)
    before = texts(tmp_path)

    subscribe(tmp_path, "user.deleted", "made_up_desk")

    events, settings = texts(tmp_path)
    assert events.count('"made_up_desk")\n') == 1
    assert settings.count("_service_url: ServiceUrl\n    made_up_desk_service_url: ServiceUrl\n") == 1
    with pytest.raises(CommandError, match=r"has no event 'user\.gone'"):
        subscribe(tmp_path, "user.gone", "made_up_desk")

    unsubscribe(tmp_path, "made_up_desk")

    assert texts(tmp_path) == before


def test_the_first_subscription_brings_the_type_of_the_address(tmp_path: Path) -> None:
    """A publisher without peers gets the import; the address is below that of its database."""
    (tmp_path / "shop").mkdir()
    event = '    type: ClassVar[str] = "shop.opened"\n    consumers: ClassVar[tuple[str, ...]] = ()\n'
    (tmp_path / "shop/events.py").write_text(event)
    settings = "from chassis.settings import ServiceSettings\n\n    shop_database_url: PostgresUrl\n    a: int = 1\n"
    (tmp_path / "shop/settings.py").write_text(settings)

    subscribe(tmp_path, "shop.opened", "made_up_desk")

    assert (tmp_path / "shop/events.py").read_text() == event.replace("()", '("made_up_desk",)')
    assert (tmp_path / "shop/settings.py").read_text() == (
        "from chassis.core.setting_types import ServiceUrl\n"
        + settings.replace("Url\n", "Url\n    made_up_desk_service_url: ServiceUrl\n", 1)
    )


def test_without_analytics_an_event_has_no_consumer_yet() -> None:
    """Its address is no setting then."""
    files = copied("postgres", "made_up_desk")

    deliver_to_nobody(files)

    assert "consumers: ClassVar[tuple[str, ...]] = ()\n" in files[Path("made_up_desk/events.py")]
    assert "analytics" not in files[Path("made_up_desk/settings.py")]


def texts(root: Path) -> list[str]:
    """Return the texts of the user service's files."""
    return [file.read_text() for file in sorted((root / "user").iterdir())]


# --- about product ---
def test_calls_of_peers_are_declared_with_their_addresses(
    apps: dict[str, FastAPI], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list is read by the ids of its items; the answer of another route is not read yet."""
    monkeypatch.setattr("cli.build.build_all", lambda: apps)  # building changes the environment of the process
    files = copied("postgres", "made_up_desk")

    declare_calls(files, "made_up_desk", ["product", "analytics"])

    calls = files[Path("made_up_desk/calls.py")]
    assert 'LIST_PRODUCTS = Call("product", "GET", "/api/v1/products", returns=Page[Listed])\n' in calls
    assert 'READ_ANALYTICS_STATS = Call("analytics", "GET", "/api/v1/analytics/stats")\n' in calls
    assert "CALLS = (READ_PERSON, LIST_PRODUCTS, READ_ANALYTICS_STATS)\n" in calls
    assert "    product_service_url: ServiceUrl\n" in files[Path("made_up_desk/settings.py")]


# --- end about product ---
@pytest.mark.parametrize("kind", NAMES.values())
def test_a_peer_that_the_skeleton_calls_gets_no_second_call(
    apps: dict[str, FastAPI], monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    """Each of these skeletons reads accounts of the user service."""
    monkeypatch.setattr("cli.build.build_all", lambda: apps)
    files = copied(kind, "made_up_desk")
    before = dict(files)

    declare_calls(files, "made_up_desk", ["user"])

    assert files == before


def test_a_first_call_is_declared_with_its_imports(apps: dict[str, FastAPI], monkeypatch: pytest.MonkeyPatch) -> None:
    """The skeleton over another team's table calls no one."""
    monkeypatch.setattr("cli.build.build_all", lambda: apps)
    files = copied("reflected", "made_up_desk")

    declare_calls(files, "made_up_desk", ["user"])

    calls = dict[str, Any]()
    exec(files[Path("made_up_desk/calls.py")], calls)  # noqa: S102 - our own text
    assert [call.path for call in calls["CALLS"]] == ["/api/v1/users/sessions"]
    assert calls["CALLS"] == (calls["LIST_USER_SESSIONS"],)


def test_a_call_is_named_after_what_its_route_returns(
    apps: dict[str, FastAPI], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first list of the user service has a person's logins, not accounts."""
    monkeypatch.setattr("cli.build.build_all", lambda: apps)
    calls = Path("desk/calls.py")
    declared = 'from chassis.dispatch.call import Call\n\nOPEN = Call("shop", "POST", "/open")\n\nCALLS = (OPEN,)\n'
    files = {calls: declared, Path("desk/settings.py"): ""}

    declare_calls(files, "desk", ["user"])

    assert files[calls].endswith("CALLS = (OPEN, LIST_USER_SESSIONS)\n")
    assert 'LIST_USER_SESSIONS = Call("user", "GET", "/api/v1/users/sessions", returns=Page[Listed])' in files[calls]


@pytest.mark.long
def test_services_of_each_kind_work_as_they_are_made_and_leave_no_trace(clone: Path) -> None:
    """They pass every check and test, untouched. Removed again, git shows no change."""
    first = git(clone, "rev-parse", "HEAD").strip()
    for name, kind in NAMES.items():
        run(clone, "cli", "service", "create", name, "--database", kind, "--calls", "analytics")
        commit(clone)

    for check in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy", *NAMES], ["cli", "render", "--check"]):
        run(clone, *check)
    theirs = [part for name in NAMES for part in (f"--service={name}", f"tests/{name}")]
    run(clone, "pytest", "-n", "0", "-q", *theirs, *(str(file) for file in clone.glob("tests/test_*.py")))

    for name in reversed(NAMES):
        run(clone, "cli", "service", "remove", name)
        commit(clone)
    assert git(clone, "diff", "--stat", first) == ""
